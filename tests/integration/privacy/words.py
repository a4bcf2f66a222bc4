"""Where words of or about a person may stand, and what fills the columns that few acts write."""

from fnmatch import fnmatchcase

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from moderado.accounts.models import Invitation, User
from moderado.core.ids import new_id
from moderado.enforcement.models import Appeal, BulkRuling, Export, ExportPart, Ruling
from moderado.moderation.models import Case, CaseCommitment, ModerationLog, ProviderCall
from tests.factories import make_notice, make_user

CANARY = "canario-7f3a9c"

# Columns of text that no erasure empties, by why. A new column is filled by the tests, or named
# here.
EXCEPTED = {
    "codes, names of policies, providers and languages": """
        *.subject_type *.audience *.categories *.decided_categories *.languages *.policy
        *.policy_version *.policy_name *.provider *.role *.room_type *_*.kind
        accounts_user.language accounts_apikey.scopes chat_message.*reason chat_message.*categories
        enforcement_pendingstrike.category enforcement_sanction.category
        enforcement_queue.measures enforcement_notice.language enforcement_pastoutcome.outcome
        moderation_subjectrevision.reason
        moderation_moderationlog.reason moderation_moderationlog.decided_by
        moderation_moderationlog.model moderation_providercall.model
        moderation_shadowresult.version
    """,
    "numbers, ids and names of errors": """
        *.failures *.error *.counts *.cutoffs *.checkpoint *.before *.before_ruling *.signals
        django_admin_log.object_id enforcement_notice.protocol enforcement_bulkruling.filter
        moderation_moderationlog.basis moderation_moderationlog.facts
        moderation_moderationlog.matches moderation_evaluation.results
        moderation_evaluation.options moderation_policychange.details
        moderation_suggestedscore.scores
    """,
    "digests, salts and sealed digests": """
        *.digest *.digests *.commitment *.salt *.entries *.email_digest *.code_digest
        *.content_digest
        accounts_user.password accounts_apikey.hint chat_message.first_hash
    """,
    "of Django and of the program": """
        auth_* django_content_type.* django_session.* enforcement_backfill.name
        enforcement_exportpart.name
    """,
    "the audit of staff, which has ids and references of orders": """
        enforcement_auditline.* enforcement_legalhold.reference
        enforcement_legalhold.release_reason moderation_bankedtext.reference
    """,
    "what operators write about rules and other systems": """
        accounts_apikey.name enforcement_queue.name enforcement_queue.filter
        moderation_policy.name moderation_policychange.reason moderation_policyversion.reason
        moderation_policyversion.document
    """,
    "the law demands that notifiers are identified": """
        enforcement_notice.name enforcement_notice.email
    """,
    "of other systems, which name no author": """
        moderation_suggestedscore.text moderation_suggestedscore.community
    """,
}


def is_excepted(column: str) -> bool:
    """Tell whether `EXCEPTED` names a column."""
    return any(
        fnmatchcase(column, pattern) for named in EXCEPTED.values() for pattern in named.split()
    )


def leave_the_rest(author: User) -> None:
    """Leave words of and about an author who has cases and an invitation in the other columns."""
    case = Case.objects.filter(author=author, subject_type="message").order_by("id").first()
    moderator = make_user()
    _ruled_in_bulk(author, case, moderator)
    for subject_type, subject_id in (("message", case.subject_id), ("user", author.id)):
        Appeal.objects.create(
            appellant=make_user(), decision_type="report", decision_id=new_id(),
            subject_type=subject_type, subject_id=subject_id, text=f"escreveu {CANARY}",
            reason=CANARY, public_note=CANARY, state="decided", outcome="upheld",
            due_at=timezone.now(),
        )  # fmt: skip
    make_notice(reference=f"{CANARY} {case.subject_id}", text=CANARY, case=case, state="open")
    invitation = Invitation.objects.get(used_by=author)
    LogEntry.objects.create(
        user=moderator, content_type=ContentType.objects.get_for_model(Invitation),
        object_id=str(invitation.id), object_repr=CANARY, action_flag=ADDITION,
        change_message=CANARY,
    )  # fmt: skip
    export = Export.objects.create(user=author, state="ready")
    ExportPart.objects.create(export=export, number=0, name="-", content=CANARY.encode())
    _from_before(case, author)


def _ruled_in_bulk(author: User, case: Case, moderator: User) -> None:
    written = {"content": "keep_flagged", "reason": CANARY, "public_note": CANARY,
               "private_note": CANARY}  # fmt: skip
    bulks = [
        BulkRuling.objects.create(
            actor=moderator, filter=wanted, ruling=written, reversal_reason=CANARY, state=state
        )
        for wanted in ({"author_id": str(author.id)}, {"author_id": None})
        for state in ("done", "reversed")
    ]
    for bulk in bulks:
        Ruling.objects.create(
            bulk=bulk, case=case, subject_type=case.subject_type, subject_id=case.subject_id,
            revision=case.revision, author=author, content="keep_flagged", reason="insult",
            actor=moderator, effective_at=Now(), undo_until=Now(),
        )  # fmt: skip


def _from_before(case: Case, author: User) -> None:
    """Leave texts in the columns that a previous release writes."""
    columns = {"text": CANARY, "reason": CANARY, "note": CANARY, "commitment": None}
    with connection.cursor() as cursor:
        # That release had no triggers, either.
        cursor.execute("SET session_replication_role = replica")
        CaseCommitment.objects.filter(case_id=case.pk).delete()
        Case.objects.filter(pk=case.pk).update(**columns)
        cursor.execute("SET session_replication_role = DEFAULT")
    subject = {"subject_type": "message", "subject_id": case.subject_id, "revision": 1}
    ProviderCall.objects.create(provider="remote", response={"raw": {"why": CANARY}}, **subject)
    ModerationLog.objects.create(verdict="ALLOW", raw={"remote": {"answer": CANARY}}, **subject)
