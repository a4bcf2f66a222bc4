"""HTTP paths: the AsyncAPI document of the WebSocket interface."""

from django.urls import path

from moderado.realtime.wire import asyncapi

urlpatterns = [path("ws/schema/", asyncapi.schema, name="asyncapi")]
