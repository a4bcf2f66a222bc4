"""Pages that everyone may read: the guidelines."""

from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from moderado.accounts.models import User
from moderado.chat.selectors.places import public_place
from moderado.core.errors import NotFound
from moderado.moderation.categories import CATEGORY_NAMES
from moderado.moderation.category_rules import CATEGORY_RULES
from moderado.moderation.help_lines import help_lines
from moderado.moderation.services.guidelines import Guideline, guidelines
from moderado.moderation.services.policy_lookup import in_force
from moderado.moderation.types import Category, Outcome

MAX_AGE = 300  # seconds


@require_safe
@cache_control(public=True, max_age=MAX_AGE)
@vary_on_headers("Accept-Language", "Cookie")
def guidelines_page(request: HttpRequest) -> HttpResponse:
    """Show what the enabled policies mean for members.

    `?room=` shows those of a public room, `?language=` another language than that of the reader.
    """
    room_name, chain = _place(request.GET.get("room", ""))
    wanted = request.GET.get("language", "")
    language = wanted if wanted in User.Language.values else get_language()
    with translation.override(language):
        found = guidelines(chain)
        automatic = {each.category for each in found}
        shown = {
            "room_name": room_name,
            "sections": [_section(each) for each in found],
            # Statements of moderators name these rules, too, and link to them.
            "others": [_rule(code) for code in CATEGORY_RULES if code not in automatic],
            "help_lines": help_lines([Category.SELF_HARM], language or ""),
            "appeal_days": settings.ENV.appeal_days,
            "languages": User.Language.choices,
            "room": request.GET.get("room", ""),
        }
        return render(request, "web/guidelines.html", shown)


def _place(room: str) -> tuple[str, tuple[UUID, ...]]:
    """Return the name of the room and the versions in force there. Raises Http404."""
    if not room:
        return "", in_force()
    try:
        return public_place(UUID(room))
    except (ValueError, NotFound):
        raise Http404 from None


def _section(guideline: Guideline) -> dict[str, object]:
    return {
        **_rule(guideline.category),
        "is_flagged": Outcome.FLAG in guideline.outcomes,
        "is_held": Outcome.HOLD in guideline.outcomes,
        "is_blocked": Outcome.BLOCK in guideline.outcomes,
        "examples": guideline.examples,
    }


def _rule(category: Category) -> dict[str, object]:
    return {
        "code": category.value,
        "name": CATEGORY_NAMES[category],
        "rule": CATEGORY_RULES[category],
    }
