from django.contrib import admin
from django.urls import include, path

handler400 = "moderado.api.errors.bad_request"
handler404 = "moderado.api.errors.not_found"
handler500 = "moderado.api.errors.server_error"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("moderado.api.urls")),
    path("", include("moderado.api.judge.urls")),
    path("", include("moderado.realtime.urls")),
    path("", include("moderado.web.urls")),
]
