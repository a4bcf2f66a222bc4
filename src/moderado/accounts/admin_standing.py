"""What other contexts show on the page of an account in the admin, and what they offer there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise

from moderado.accounts.models import User
from moderado.core.admin import PageWithContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A link, or a fact without an address. `is_act`: it leads to a form."""

    text: str | Promise
    label: str | Promise = ""
    url: str = ""
    is_act: bool = False


Describe = Callable[[User, User], Sequence[Shown]]
_describe: list[Describe] = []


def describe_accounts_by(describe: Describe) -> None:
    """Let `describe` say what the page of an account shows beside its fields to a viewer."""
    _describe[:] = [describe]


class ShowsStanding(PageWithContext):
    """Mixed into the admin page of accounts."""

    change_form_outer_before_template = "admin/account_standing.html"

    def page_context(self, request: HttpRequest, record: Any) -> dict[str, Any]:
        viewer: Any = request.user
        shown = [each for describe in _describe for each in describe(record, viewer)]
        return {
            "facts": [each for each in shown if not each.is_act],
            "account_acts": [each for each in shown if each.is_act],
        }
