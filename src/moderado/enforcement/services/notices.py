"""Notices by persons without an account: received, confirmed by e-mail, and put before moderators.

The answers are the same whether or not the content exists, or who may see it.
"""

from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from moderado.accounts.lookalikes import email_key
from moderado.accounts.models import User
from moderado.accounts.services.client_keys import first_result, is_known
from moderado.core import clock, limits
from moderado.core.addresses import network_of
from moderado.core.database import require_transaction, retry_on_deadlock
from moderado.core.errors import Invalid, NotFound
from moderado.core.events import publish
from moderado.core.ids import new_id
from moderado.core.text import clean, clean_line, fold
from moderado.enforcement.emails import email_digest
from moderado.enforcement.labels import OTHER
from moderado.enforcement.models import Notice
from moderado.enforcement.models.notices import (
    EMAIL_LENGTH,
    NAME_LENGTH,
    REFERENCE_LENGTH,
    TEXT_LENGTH,
)
from moderado.enforcement.notice_codes import as_written, is_code, new_protocol
from moderado.enforcement.notice_errors import (
    AnonymousNotice,
    CodeExpired,
    NoticesUnavailable,
    WrongCode,
)
from moderado.enforcement.services.cases import open_or_join
from moderado.enforcement.services.notice_mails import queue_mail
from moderado.enforcement.services.notice_subjects import noticed
from moderado.enforcement.services.report_subjects import Reported
from moderado.enforcement.types import NOTICE, MailKind, NoticeRole, NoticeState
from moderado.moderation.events import ReviewStarted
from moderado.moderation.models import Case
from moderado.moderation.restricted_cases import RESTRICTED

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5  # to confirm
_KIND = "notice"  # of the ids of clients
SCORE = 0.9  # of the case: a notice says who stands behind it
_NO_NAMES = frozenset({"anonimo", "anonima", "anonymous", "anon"})
_AUTHORITIES = frozenset({NoticeRole.PROSECUTOR, NoticeRole.CHILD_PROTECTION})


def submit_notice(  # noqa: PLR0913  (what a notice consists of)
    *,
    name: str,
    email: str,
    role: str,
    reference: str,
    category: str,
    text: str,
    address: str,
    client_id: UUID | None = None,
) -> Notice:
    """Store a notice, and have the code that confirms it sent by e-mail.

    A repeat returns the first notice. There is no account to keep ids of clients apart: a random
    UUID does, and cannot be guessed to find out about the notices of others.

    Args:
        name: Of the notifier.
        email: Of the notifier.
        role: A code of `labels.NOTICE_ROLES`.
        reference: An address of this server, or the id of a message, person or room.
        category: A code of `labels.REPORT_CATEGORIES`.
        text: Why, at most 4,000 characters.
        address: Of the client, for the limits.
        client_id: The client's own id of the notice, for repeats.

    Raises:
        Conflict: `client_id` was used for another notice.
        NotFound: The first notice was never confirmed, and is deleted.
        NoticesUnavailable: This server sends no e-mail.
        AnonymousNotice: Without a name or an e-mail address.
        Invalid: A field.
        RateLimited: Too many notices from this client, or to this e-mail address.
    """
    notice_id, key = new_id(), None if client_id is None else str(client_id)
    is_repeat = is_known(owner_id=None, kind=_KIND, client_id=key)
    if not settings.SENDS_EMAIL and not is_repeat:
        raise NoticesUnavailable
    name, email = _identity(name, email)
    reference = clean_line(reference, max_length=REFERENCE_LENGTH, field="subject")
    text = clean(text, max_length=TEXT_LENGTH, field="text")
    if not is_repeat:
        _count(email, address)
    asked = [name, email, role, reference, category, text]
    with transaction.atomic():
        if (first := _first_notice(key, asked, notice_id)) is not None:
            return first
        notice = Notice.objects.create(
            id=notice_id,
            protocol=new_protocol(clock.estimated().year),
            role=role,
            name=name,
            email=email,
            language=get_language() or settings.LANGUAGE_CODE,
            reference=reference,
            category=category,
            text=text,
        )
        queue_mail(notice.id, MailKind.CODE)
    log.info("notice_received", notice_id=str(notice.id))
    return notice


def confirm_notice(*, protocol: str, code: str) -> Notice:
    """Confirm the e-mail address of a notice; a case is opened or joined. Idempotent.

    Raises:
        NotFound: There is no such notice.
        WrongCode: The code is another one.
        CodeExpired: The code is too old, or was tried `MAX_ATTEMPTS` times.
        RateLimited: Codes of this notice are tried too often.
    """
    notice = _by_protocol(protocol)
    if notice.state == NoticeState.UNCONFIRMED:
        _count_attempt(notice)
    if not is_code(notice.id, code, notice.code_digest):
        raise WrongCode
    if notice.state == NoticeState.UNCONFIRMED:
        _confirm(notice.id)
        log.info("notice_confirmed", notice_id=str(notice.id))
    return Notice.objects.get(pk=notice.pk)


def get_notice(*, protocol: str, code: str) -> Notice:
    """Return a notice to the person who has its code.

    Raises:
        NotFound: There is no such notice, or it has another code.
        RateLimited: Codes of this notice are tried too often.
    """
    notice = _by_protocol(protocol)
    if not is_code(notice.id, code, notice.code_digest):
        raise NotFound
    return notice


def _first_notice(key: str | None, asked: list[str], notice_id: UUID) -> Notice | None:
    """Return the notice of the first request, if this one is a repeat."""
    first_id = first_result(
        owner_id=None, kind=_KIND, client_id=key, content=asked, result_id=notice_id
    )
    if first_id is None:
        return None
    first = Notice.objects.filter(pk=first_id).first()
    if first is None:
        raise NotFound
    return first


def _count(email: str, address: str) -> None:
    """Count a notice. The e-mail is not confirmed yet: a stranger must not lock its owner out.

    The limit over all networks bounds how many e-mails strangers can have sent to it.
    """
    most, digest = settings.NOTICE_LIMITS, email_digest(email).hex()
    limits.hit_address(most["address"], "notice_address", address)
    limits.hit(most["email"], "notice_email", digest, network_of(address))
    limits.hit(most["email_total"], "notice_email_total", digest)


def _identity(name: str, email: str) -> tuple[str, str]:
    name, email = name.strip(), email.strip()
    is_name = any(char.isalpha() for char in name) and fold(name) not in _NO_NAMES
    if not is_name or not email:
        raise AnonymousNotice
    try:
        validate_email(email)
        sanitize_address(email, "utf-8")  # its domain may be none that a mail can name
    except (ValidationError, ValueError):
        raise Invalid(fields={"email": _("Enter a valid e-mail address.")}) from None
    email = clean_line(email, max_length=EMAIL_LENGTH, field="email")
    return clean_line(name, max_length=NAME_LENGTH, field="name"), email


def _by_protocol(protocol: str) -> Notice:
    written = as_written(protocol)
    limits.hit(settings.NOTICE_LIMITS["code"], "notice_code", written)
    found = Notice.objects.filter(protocol=written).first()
    if found is None:
        raise NotFound
    return found


def _count_attempt(notice: Notice) -> None:
    """Count an attempt before it is made, so that simultaneous ones are limited, too."""
    may_try = Notice.objects.filter(
        pk=notice.pk, attempts__lt=MAX_ATTEMPTS, code_expires_at__gt=Now()
    )
    if not may_try.update(attempts=F("attempts") + 1) and notice.code_digest is not None:
        raise CodeExpired


@retry_on_deadlock
@transaction.atomic
def _confirm(notice_id: UUID) -> None:
    """Open or join the case. Lock order: the notice's advisory lock, subject, case, row."""
    publish(ReviewStarted(subject_type=NOTICE, subject_id=notice_id))
    notice = Notice.objects.get(pk=notice_id)
    if notice.state != NoticeState.UNCONFIRMED:
        return
    case = _case_for(notice)
    Notice.objects.filter(pk=notice_id).update(
        state=NoticeState.OPEN,
        case=case,
        confirmed_at=Now(),
        due_at=Now() + _term(notice),
        attempts=0,
    )
    queue_mail(notice_id, MailKind.RECEIPT)


def _case_for(notice: Notice) -> Case:
    require_transaction()
    found = noticed(notice.reference)
    if found is not None:
        subject_type, subject_id, subject = found
        publish(ReviewStarted(subject_type=subject_type, subject_id=subject_id))
        found = noticed(notice.reference)  # it may have changed before it was locked
    if found is None:
        unknown = Reported(revision=1, text=notice.reference, author_id=None)
        found = NOTICE, notice.id, unknown
    subject_type, subject_id, subject = found
    return open_or_join(
        subject_type=subject_type,
        subject_id=subject_id,
        revision=subject.revision,
        scope_id=subject.scope_id,
        author_id=subject.author_id,
        origin=Case.Origin.NOTICE,
        categories=[] if notice.category == OTHER else [notice.category],
        text=subject.text,
        score=SCORE,
        reporter_id=_account_of(notice.email),
    )


def _account_of(email: str) -> UUID | None:
    """Return the account of the notifier, who may not decide the case."""
    found = User.objects.filter(email_key=email_key(email))
    return found.values_list("pk", flat=True).first()


def _term(notice: Notice) -> timedelta:
    """Return in which time a notice should be decided: the shortest that applies."""
    hours = [settings.ENV.notice_target_hours]
    if notice.category in RESTRICTED:
        hours.append(settings.ENV.notice_child_safety_hours)
    if notice.role in _AUTHORITIES:
        hours.append(settings.ENV.notice_authority_hours)
    return timedelta(hours=min(hours))
