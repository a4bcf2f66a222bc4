"""The admin is closed to staff whose session lacks the second factor that the server demands."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from moderado.accounts.errors import SecondFactorRequired
from moderado.accounts.rights import has_second_factor

OPEN = ("login", "logout", "jsi18n")


class RequireSecondFactor(MiddlewareMixin):
    """Answers 403 `second_factor_required` to every other page of the admin."""

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, _kwargs: object
    ) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or "admin" not in match.app_names or match.url_name in OPEN:
            return None
        user = request.user
        if not user.is_authenticated or not user.is_staff or has_second_factor(user):
            return None
        refusal = SecondFactorRequired()
        context = {
            **admin.site.each_context(request),
            "title": _("Second factor"),
            "available_apps": [],
            "sidebar_navigation": [],
            "refusal": refusal,
        }
        response = TemplateResponse(
            request, "admin/second_factor.html", context, status=refusal.status
        )
        response["X-Error-Code"] = refusal.code
        return response
