"""The page of a case in the admin: what a moderator reads there, decides, and takes back."""

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from moderado.accounts import rights
from moderado.accounts.models import User
from moderado.core.admin import PageWithContext, act_on_each
from moderado.core.errors import Invalid
from moderado.enforcement.admin_case_acts import (
    RULINGS,
    RefusedForm,
    decision_form,
    obstacle_to,
    proposal_of_form,
)
from moderado.enforcement.admin_shared import may_undo
from moderado.enforcement.errors import RulingReplaced
from moderado.enforcement.models import Ruling
from moderado.enforcement.recommendations import action_for
from moderado.enforcement.selectors.case_details import CaseDetails, case_details
from moderado.enforcement.services import claiming, rulings
from moderado.enforcement.services.fairness import is_party
from moderado.enforcement.services.ruling_states import newest_ruling
from moderado.enforcement.services.rulings import Proposal
from moderado.enforcement.types import Actor
from moderado.moderation.admin_subjects import Link, link, subject_of
from moderado.moderation.models import Case


class DecidesOnPage(PageWithContext):
    """The forms on the page of a case. Mixed into the admin page of cases."""

    change_form_outer_before_template = "admin/moderation/case_page.html"

    def has_rule_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(rights.DECIDE_CASE)

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        return (
            ("<uuid:case_id>/decide/", "moderation_case_decide", self.decide),
            ("<uuid:case_id>/claim/", "moderation_case_claim", self.claim),
            ("<uuid:case_id>/undo/", "moderation_case_undo", self.undo),
        )

    def page_context(self, request: HttpRequest, record: Case) -> dict[str, Any]:
        """Return what the page shows beside the fields: the subject, and what may be done."""
        case, viewer = record, actor_of(request)
        subject = subject_of(case, viewer)
        if case.author is not None:
            author = link(
                _("author"), case.author.name, model="accounts.user", pk=case.author.pk,
                viewer=viewer,
            )  # fmt: skip
            subject = replace(subject, links=[author, *subject.links])
        ruling = newest_ruling(case) if case.state == Case.State.DECIDED else None
        if ruling is not None:
            made = _ruling_link(ruling, viewer)
            subject = replace(subject, links=[*subject.links, made])
        obstacle = obstacle_to(case, viewer)
        may_decide = self.has_rule_permission(request) and not obstacle
        form = decision_form(case, viewer, _refused_form(request)) if may_decide else {}
        return {
            **form,
            "subject": subject,
            "details": _details(request, case),
            "obstacle": obstacle,
            "first": action_for(case).value,
            "may_decide": may_decide,
            "undoable": self._undoable(request, ruling),
            "may_claim": viewer.has_perm(rights.CLAIM_CASE) and not obstacle,
        }

    def _undoable(self, request: HttpRequest, ruling: Ruling | None) -> Ruling | None:
        """Return the ruling if the viewer may still take it back."""
        if ruling is None or ruling.actor_id != request.user.pk or not may_undo(ruling):
            return None
        return ruling if self.has_rule_permission(request) else None

    def decide(self, request: HttpRequest, case_id: UUID, **_: object) -> HttpResponse:
        """Rule on a case with the measures, the reason and the notes of the form.

        A form that is refused is shown again as it was sent, with its errors.
        """
        case = self._posted(request, case_id, may=self.has_rule_permission(request))
        if case is None:
            return self._back(case_id)
        viewer, given, errors = actor_of(request), request.POST, dict[str, Any]()

        def proposal(case: Case) -> Proposal:
            return proposal_of_form(case, viewer, given)

        outcome = given.get("outcome", "")
        action = outcome.lower() if outcome in RULINGS else "rule"
        made = self.rule(request, [case], action, proposal, errors)
        if not made:
            return self._form_again(request, case_id, errors)
        summary = ngettext("%d case decided.", "%d cases decided.", 1) % 1
        self._say(request, _with_link(summary, _ruling_link(made[0], viewer)))
        return self._back(case_id)

    def _form_again(
        self, request: HttpRequest, case_id: UUID, errors: dict[str, Any]
    ) -> HttpResponse:
        shown = copy(request)
        shown.method = "GET"  # Django's own form of the record is not posted
        shown.refused_form = RefusedForm(request.POST, errors)  # type: ignore[attr-defined]
        answer: HttpResponse = cast("Any", self).changeform_view(shown, str(case_id))
        return answer

    def undo(self, request: HttpRequest, case_id: UUID, **_: object) -> HttpResponse:
        """Take back the ruling that the page has shown, while there is time."""
        case = self._posted(request, case_id, may=self.has_rule_permission(request))

        def undo(case: Case) -> None:
            newest = newest_ruling(case)
            if newest is None or str(newest.pk) != request.POST.get("ruling"):
                raise RulingReplaced
            rulings.undo(actor=moderator_of(request), ruling_id=newest.pk)

        if case is not None and act_on_each(cast("Any", self), request, [case], "undo", undo):
            self._say(request, gettext("The ruling is undone."))
        return self._back(case_id)

    def claim(self, request: HttpRequest, case_id: UUID, **_: object) -> HttpResponse:
        """Claim a case for the moderator."""
        case = self._posted(request, case_id, may=request.user.has_perm(rights.CLAIM_CASE))

        def claim(case: Case) -> None:
            claiming.claim_case(actor=moderator_of(request), case_id=case.id)

        if case is not None and act_on_each(cast("Any", self), request, [case], "claim", claim):
            self._say(request, gettext("The case is yours for 15 minutes."))
        return self._back(case_id)

    def _posted(self, request: HttpRequest, case_id: UUID, *, may: bool) -> Case | None:
        site: Any = self
        if not may or not site.has_view_permission(request):
            raise PermissionDenied
        found: Case | None = site.get_object(request, str(case_id))
        if found is None:
            raise Http404
        return found if request.method == "POST" else None

    def _say(self, request: HttpRequest, text: str) -> None:
        cast("Any", self).message_user(request, text, messages.SUCCESS)

    def _back(self, case_id: UUID) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:moderation_case_change", args=[case_id]))

    def rule(
        self,
        request: HttpRequest,
        chosen: Iterable[Case],
        action: str,
        proposal: Callable[[Case], Proposal],
        errors: dict[str, Any] | None = None,
    ) -> list[Ruling]:
        """Decide each of these cases as `proposal` says, and return the rulings.

        Errors of fields are added to `errors`.
        """
        made: list[Ruling] = []

        def rule(case: Case) -> None:
            actor = moderator_of(request)
            try:
                made.append(rulings.rule(actor=actor, case_id=case.id, proposal=proposal(case)))
            except Invalid as refusal:
                (errors if errors is not None else {}).update(refusal.fields)
                raise

        act_on_each(cast("Any", self), request, chosen, action, rule)
        return made


def _refused_form(request: HttpRequest) -> RefusedForm | None:
    return getattr(request, "refused_form", None)


def actor_of(request: HttpRequest) -> User:
    return cast("User", request.user)  # the admin requires a signed-in user


def moderator_of(request: HttpRequest) -> Actor:
    viewer = actor_of(request)
    trusted = rights.staff_may(viewer, rights.VIEW_RESTRICTED_CASE)
    return Actor(id=viewer.id, scope_ids=None, sees_restricted=trusted)


def _details(request: HttpRequest, case: Case) -> CaseDetails | None:
    """Return reports, notes and what is known of the author; nothing to a party, as by REST."""
    actor = moderator_of(request)
    if is_party(user_id=actor.id, case=case):
        return None
    with_records = rights.staff_may(actor_of(request), rights.SUSPEND_REPORTING)
    details = case_details(actor=actor, case=case, with_records=with_records)
    prefetch_related_objects(details.rulings, "sanctions")
    return details


def _ruling_link(ruling: Ruling, viewer: User) -> Link:
    made = ruling.get_content_display()
    return link(_("ruling"), made, model="enforcement.ruling", pk=ruling.pk, viewer=viewer)


def _with_link(text: str, link: Link) -> str:
    if not link.url:
        return text
    label = gettext("Show the ruling")
    return format_html('{} <a class="underline" href="{}">{}</a>', text, link.url, label)
