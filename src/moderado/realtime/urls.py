"""What the sockets say about themselves over HTTP."""

from django.urls import path

from moderado.realtime.wire import asyncapi

urlpatterns = [path("ws/schema/", asyncapi.schema, name="asyncapi")]
