"""Every path of the REST door, by resource. Mounted under /api/."""

from django.urls import URLPattern, URLResolver, path, re_path

from moderado.api import auth
from moderado.api.unknown import Unknown

urlpatterns: list[URLPattern | URLResolver] = [
    # accounts
    path("auth/register/", auth.Register.as_view()),
    path("auth/login/", auth.Login.as_view()),
    path("auth/refresh/", auth.Refresh.as_view()),
    path("auth/logout/", auth.Logout.as_view()),
    path("auth/ws-ticket/", auth.WebSocketTicket.as_view()),
    path("auth/users/", auth.People.as_view()),
    path("auth/users/me/", auth.Me.as_view()),
    # chat
    # moderation
    # operations
    # Last: whatever is asked for beyond these is told so in the one shape of errors.
    re_path(r"", Unknown.as_view()),
]
