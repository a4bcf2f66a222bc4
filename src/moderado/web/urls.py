"""The pages people open. Mounted last, at the root."""

from django.urls import path

from moderado.web import views

app_name = "web"

urlpatterns = [
    path("", views.chat, name="chat"),
    path("sign-in/", views.sign_in, name="sign-in"),
    path("register/", views.register, name="register"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("language/", views.choose_language, name="language"),
]
