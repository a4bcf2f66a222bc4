"""Every path of the REST door, by resource. Mounted under /api/."""

from django.urls import URLPattern, URLResolver, re_path

from moderado.api.unknown import Unknown

urlpatterns: list[URLPattern | URLResolver] = [
    # accounts
    # chat
    # moderation
    # operations
    # Last: whatever is asked for beyond these is told so in the one shape of errors.
    re_path(r"", Unknown.as_view()),
]
