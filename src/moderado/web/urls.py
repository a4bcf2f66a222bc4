"""URLs of the HTML pages, included last at the root."""

from django.urls import path
from django.views.generic import RedirectView

from moderado.web import account_views, appeal_views, notice_views, public_views, views

app_name = "web"

urlpatterns = [
    path("", views.chat, name="chat"),
    # Browsers request it for pages without an icon: the admin and API responses.
    path("favicon.ico", RedirectView.as_view(url="/static/moderado/icon.svg")),
    path("sign-in/", views.sign_in, name="sign-in"),
    path("appeal/", appeal_views.appeal, name="appeal"),
    path("register/", views.register, name="register"),
    path("denuncia/", notice_views.notice_form, name="notices"),
    path("denuncia/<str:protocol>/", notice_views.notice_page, name="notice"),
    path("account/", account_views.account, name="account"),
    path("regras/", public_views.guidelines_page, name="guidelines"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("language/", views.choose_language, name="language"),
]
