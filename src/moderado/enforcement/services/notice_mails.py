"""Sends the e-mails of notices: queued in the transaction that they tell of, sent by a worker.

An attempt is stored before it is made, and no transaction is open meanwhile. An e-mail may arrive
twice, and is given up after `MAX_ATTEMPTS`. The text of a code is never stored: each attempt to
send one makes a new code, of which the digest is kept.
"""

import time
from collections.abc import Collection
from datetime import timedelta
from smtplib import (
    SMTPDataError,
    SMTPException,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
)
from uuid import UUID

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from moderado.core.database import require_transaction
from moderado.enforcement.labels import NOTICE_OUTCOMES, REPORT_CATEGORIES
from moderado.enforcement.models import Notice, NoticeMail
from moderado.enforcement.notice_codes import digest_of, new_code
from moderado.enforcement.types import MailKind, NoticeState

log = structlog.get_logger(__name__)

BUDGET = 5.0  # seconds of a run; a worker also judges messages
MAX_ATTEMPTS = 10
FIRST_PAUSE = timedelta(seconds=60)  # doubles with each attempt: 17 h in all
# About one e-mail: strangers choose the addresses, and must not delay the e-mails of others.
_OF_ONE = (SMTPRecipientsRefused, SMTPDataError, SMTPNotSupportedError, UnicodeError)


def queue_mail(notice_id: UUID, kind: MailKind) -> None:
    """Have an e-mail sent. Requires a transaction: that of what it tells."""
    require_transaction()
    NoticeMail.objects.create(notice_id=notice_id, kind=kind, next_attempt_at=Now())


def withdraw_outcomes(notice_ids: Collection[UUID]) -> None:
    """Send no e-mail that still waits about the outcome of notices that are open again.

    Requires a transaction: that of the opening.
    """
    require_transaction()
    waiting = NoticeMail.objects.filter(notice__in=notice_ids, kind=MailKind.OUTCOME)
    waiting.filter(next_attempt_at__isnull=False).update(next_attempt_at=None)


def send_mails() -> int:
    """Send the e-mails that are due.

    Returns:
        How many were sent.
    """
    sent = 0
    if not settings.SENDS_EMAIL:
        return sent
    deadline = time.monotonic() + BUDGET
    while time.monotonic() < deadline and (taken := _take()) is not None:
        sent += _send(*taken)
    return sent


@transaction.atomic
def _take() -> tuple[NoticeMail, str | None] | None:
    """Count an attempt to send the e-mail that waits the longest.

    Returns:
        The e-mail, and its new code: empty if its kind has none, None if no code is wanted any
        more. None alone: no e-mail is due.
    """
    due = NoticeMail.objects.filter(next_attempt_at__lte=Now()).order_by("next_attempt_at")
    mail = due.select_for_update(of=("self",), no_key=True, skip_locked=True).first()
    if mail is None:
        return None
    pause = FIRST_PAUSE * 2**mail.attempts
    is_last = mail.attempts + 1 >= MAX_ATTEMPTS
    NoticeMail.objects.filter(pk=mail.pk).update(
        attempts=F("attempts") + 1, next_attempt_at=None if is_last else Now() + pause
    )
    code = _new_code_of(mail.notice_id) if mail.kind == MailKind.CODE else ""
    return NoticeMail.objects.select_related("notice").get(pk=mail.pk), code


def _new_code_of(notice_id: UUID) -> str | None:
    """Give a notice a new code; None if it was confirmed with an earlier one."""
    code = new_code()
    unconfirmed = Notice.objects.filter(pk=notice_id, state=NoticeState.UNCONFIRMED)
    is_wanted = unconfirmed.update(
        code_digest=digest_of(notice_id, code),
        code_expires_at=Now() + timedelta(minutes=settings.ENV.notice_code_minutes),
        attempts=0,
    )
    return code if is_wanted else None


def _send(mail: NoticeMail, code: str | None) -> bool:
    notice = mail.notice
    if code is None or not notice.email:  # confirmed, or erased meanwhile
        NoticeMail.objects.filter(pk=mail.pk).update(next_attempt_at=None)
        return False
    try:
        _message(notice, MailKind(mail.kind), code).send()
    except (OSError, SMTPException, UnicodeError) as error:
        log.warning(
            "notice_mail_failed",
            notice_id=str(notice.id),
            kind=mail.kind,
            attempts=mail.attempts,
            error=type(error).__name__,
        )
        if not isinstance(error, _OF_ONE):
            # The mail server is asked again later, and for all of them.
            due = NoticeMail.objects.filter(next_attempt_at__lte=Now())
            due.update(next_attempt_at=Now() + FIRST_PAUSE)
        return False
    NoticeMail.objects.filter(pk=mail.pk).update(sent_at=Now(), next_attempt_at=None)
    return True


def _message(notice: Notice, kind: MailKind, code: str) -> EmailMessage:
    """Return the e-mail. The one with the code quotes nothing: anybody may name any address."""
    with translation.override(notice.language):
        shown = {
            "notice": notice,
            "code": code,
            "minutes": settings.ENV.notice_code_minutes,
            "category": dict(REPORT_CATEGORIES).get(notice.category, notice.category),
            "outcome": dict(NOTICE_OUTCOMES).get(notice.outcome, ""),
            "page": _page(notice.protocol),
            "due_at": notice.due_at and timezone.localtime(notice.due_at),
        }
        subjects = {
            MailKind.CODE: _("Confirm your notice %(protocol)s"),
            MailKind.RECEIPT: _("Receipt of your notice %(protocol)s"),
            MailKind.OUTCOME: _("Outcome of your notice %(protocol)s"),
        }
        return EmailMessage(
            subject=subjects[kind] % {"protocol": notice.protocol},
            body=render_to_string(f"enforcement/notices/{kind}.txt", shown),
            to=[notice.email],
            headers={"Auto-Submitted": "auto-generated"},
        )


def _page(protocol: str) -> str:
    """Return the address of the page of a notice; without SITE_URL only its path."""
    return f"{settings.ENV.site_url or ''}/denuncia/{protocol}/"
