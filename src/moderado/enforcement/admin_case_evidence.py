"""The evidence package of a case, requested and downloaded on its page in the admin."""

from typing import Any, cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from moderado.accounts import rights
from moderado.accounts.models import User
from moderado.core.admin import act_on_each
from moderado.core.file_blocks import FileBlocks
from moderado.enforcement.admin_shared import staff
from moderado.enforcement.models.holds import REFERENCE_LENGTH
from moderado.enforcement.services.evidence import Evidence, make_evidence_of_case
from moderado.moderation.models import Case


class PacksEvidence:
    """Offers the evidence package on the page of a case. Mixed into the admin page of cases."""

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        own = ("<uuid:case_id>/evidence/", "moderation_case_evidence", self.evidence)
        return (*super().get_custom_urls(), own)  # type: ignore[misc]  # a mixin

    def page_context(self, request: HttpRequest, record: Case) -> dict[str, Any]:
        """Add whether the viewer may make the package. The service checks what a party may not."""
        context: dict[str, Any] = super().page_context(request, record)  # type: ignore[misc]  # a mixin
        may_pack = request.user.has_perm(rights.MAKE_EVIDENCE) and context["details"] is not None
        return {**context, "may_pack": may_pack, "order_length": REFERENCE_LENGTH}

    def evidence(self, request: HttpRequest, case_id: UUID, **_: object) -> HttpResponseBase:
        """Answer with the signed package, or say on the page why there is none."""
        site: Any = self
        user = cast("User", request.user)
        if not user.has_perm(rights.MAKE_EVIDENCE) or not site.has_view_permission(request):
            raise PermissionDenied
        case: Case | None = site.get_object(request, str(case_id))
        if case is None:
            raise Http404
        made: list[Evidence] = []

        def pack(case: Case) -> None:
            package = make_evidence_of_case(
                actor=staff(user.pk),
                case_id=case.pk,
                order=request.POST.get("order", ""),
                sees_notifiers=user.has_perm(rights.VIEW_NOTIFIER),
            )
            made.append(package)

        if request.method == "POST":
            act_on_each(site, request, [case], "evidence", pack)
        if not made:
            return HttpResponseRedirect(reverse("admin:moderation_case_change", args=[case_id]))
        answer = StreamingHttpResponse(FileBlocks(made[0].content), content_type="application/zip")
        answer["Content-Disposition"] = f'attachment; filename="{made[0].name}"'
        answer["Cache-Control"] = "no-store"
        return answer
