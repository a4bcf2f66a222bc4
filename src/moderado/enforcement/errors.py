"""Errors of the enforcement context."""

from datetime import UTC
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _

from moderado.core.clock import wire_time
from moderado.core.errors import ApplicationError, Forbidden, NotFound
from moderado.enforcement.appeal_terms import appeal_path
from moderado.enforcement.ends import end_sentence
from moderado.enforcement.types import STRIKES, WITHOUT_WORDS, Restriction
from moderado.moderation.categories import category_name


class OwnReport(ApplicationError):
    """Separation of duties: reporters do not decide on what they reported."""

    code = "own_report"
    status = 403
    message = _("You have reported this. Another moderator decides it.")


class OwnRuling(ApplicationError):
    """Separation of duties: an appeal is decided by another person than the ruling."""

    code = "own_ruling"
    status = 403
    message = _("This is about your own decision. Another moderator decides it.")


class TextReplaced(ApplicationError):
    code = "text_replaced"
    message = _("The text has changed since you read it. Read it again.")


class NoSuchSanction(NotFound):
    code = "no_such_sanction"
    message = _("There is no such sanction, or you may not see it.")


class SanctionEnded(ApplicationError):
    """The sanction was lifted, or its term is over."""

    code = "sanction_ended"
    message = _("This sanction is no longer in force.")


class ErasureStarted(ApplicationError):
    code = "erasure_started"
    message = _("This account is being erased already.")


class ErasureOrdered(ApplicationError):
    code = "erasure_ordered"
    message = _("An operator has ordered the erasure of this account. You cannot withdraw it.")


class AccountErased(ApplicationError):
    """Words of staff or reporters about an account whose erasure has begun."""

    code = "account_erased"
    message = _(
        "The account is erased: nothing more is written about it. Staff may give a code as reason."
    )


class HoldReleased(ApplicationError):
    code = "hold_released"
    message = _("This legal hold was released already.")


class Restricted(Forbidden):
    """A sanction of the person, or a measure on the room, does not allow it now.

    `details` says until when, why, and which sanction it is.
    """

    code = "restricted"
    message = _("You may not do that now.")

    def __init__(self, restriction: Restriction) -> None:
        super().__init__(_explanation(self.message, restriction))
        self.restriction = restriction

    @property
    def retry_after(self) -> int | None:
        """Seconds until a message is allowed; None where no time of seconds would help."""
        return self.restriction.retry_after

    @property
    def details(self) -> dict[str, Any]:
        """What a program shows or does about it. Times are in UTC."""
        found = self.restriction
        return {
            "until": found.until and wire_time(found.until),
            "reason": found.reason,
            "sanction": None if found.sanction is None else str(found.sanction),
            "note": found.note,
            "appeal_until": found.appeal_until and wire_time(found.appeal_until),
            "appeal_path": None if found.decision is None else appeal_path(found.decision),
        }


class Muted(Restricted):
    code = "muted"
    message = _("A moderator has muted you: you may read, not write.")


class Banned(Restricted):
    code = "banned"
    message = _("A moderator has banned you.")


class BannedFromServer(Banned):
    """The answer to a sign-in with the right password: it has a token by which to appeal."""

    def __init__(self, restriction: Restriction, *, token: str, expires_in: int) -> None:
        super().__init__(restriction)
        self.detail = _with_appeal(self.detail, restriction)
        self.token = token
        self._expires_in = expires_in

    @property
    def details(self) -> dict[str, Any]:
        """As of other bans, with the token and its seconds. The token is a secret."""
        token = {"appeal_token": self.token, "appeal_token_expires_in": self._expires_in}
        return {**super().details, **token}


class SlowMode(Restricted):
    code = "slow_mode"
    status = 429
    message = _("Slow mode: wait a moment before your next message.")


class EmailBanned(Forbidden):
    """Without a reason or an end: the person who asks may not be the owner of the address."""

    code = "email_banned"
    message = _(
        "The account of this e-mail is banned. Sign in to it to see why, and how to appeal."
    )


REFUSALS: dict[str, type[Restricted]] = {"mute": Muted, "ban": Banned, "slow": SlowMode}


def refusal_of(restriction: Restriction) -> Restricted:
    """Return the error for a sanction of the person."""
    return REFUSALS[restriction.kind](restriction)


_SENTENCES: dict[str, str | Promise] = {
    **{kind: error.message for kind, error in REFUSALS.items()},
    "slow": _("Slow mode: you may write once a minute."),
    "warning": _("A moderator has warned you."),
    "strike": _("You have received a strike. Strikes add up, and may lead to sanctions."),
}
# Of sanctions to which no moderator but the sum of strikes led.
_BY_STRIKES: dict[str, str | Promise] = {
    "ban": _("Your strikes have led to a ban."),
    "mute": _("Your strikes have led to a mute: you may read, not write."),
    "slow": _("Your strikes have led to slow mode: you may write once a minute."),
    "warning": _("Your strikes have led to a warning."),
}


def explain(restriction: Restriction) -> str:
    """Return in the active language what a sanction is, why it was imposed, and until when."""
    return _explain(_SENTENCES[restriction.kind], restriction)


def _explain(sentence: str | Promise, restriction: Restriction) -> str:
    is_by_strikes = restriction.reason == STRIKES
    parts = [str(_BY_STRIKES.get(restriction.kind, sentence) if is_by_strikes else sentence)]
    if restriction.reason not in WITHOUT_WORDS and not is_by_strikes:
        parts.append(_("Reason: %s.") % category_name(restriction.reason))
    if restriction.until is not None and restriction.retry_after is None:
        parts.append(end_sentence(restriction.until))
    return " ".join(map(str, parts))


def _appealable(sentence: str | Promise, restriction: Restriction) -> str:
    moment = restriction.appeal_until
    if moment is None:
        return str(sentence)
    until = date_format(moment.astimezone(UTC), "SHORT_DATE_FORMAT")
    return " ".join((str(sentence), str(_("You can appeal until %s.") % until)))


_explanation = lazy(_explain, str)
_with_appeal = lazy(_appealable, str)


class TooManyBlocks(ApplicationError):
    code = "too_many_blocks"
    message = _("You block as many persons as is possible.")


class OwnContent(ApplicationError):
    """A member reports their own message, room or account."""

    code = "own_content"
    message = _("You cannot report yourself.")


class AlreadyAppealed(ApplicationError):
    code = "already_appealed"
    message = _("You have appealed this decision already.")


class NotAppealable(ApplicationError):
    code = "not_appealable"
    message = _("This decision cannot be appealed.")


class AppealExpired(ApplicationError):
    code = "appeal_expired"
    message = _("The time to appeal this decision is over.")


class AppealDecided(ApplicationError):
    code = "appeal_decided"
    message = _("This appeal was decided already.")


class DecidedByRuling(ApplicationError):
    """The appeal has joined a case: a ruling on it decides the appeal."""

    code = "decided_by_ruling"
    message = _("Rule on the case of this appeal: the ruling decides it.")


class AlreadySuspended(ApplicationError):
    code = "already_suspended"
    message = _("This member may not report at present already.")


class CriteriaNotMet(ApplicationError):
    code = "criteria_not_met"
    message = _("The record of this member does not justify a suspension.")


class ReportingSuspended(Restricted):
    """The member may not report for a time. The suspension is no sanction: its id is `decision`."""

    code = "reporting_suspended"
    message = _("You may not report for a time. See your decisions: you can appeal.")


class CaseEscalated(ApplicationError):
    code = "case_escalated"
    message = _("This case was handed over to the moderators of the server.")


class OtherRevision(ApplicationError):
    """The ruling names a revision that is not the case's: `revision` is."""

    code = "other_revision"
    message = _("This case is about another revision of the text. Read it again.")

    def __init__(self, *, revision: int) -> None:
        super().__init__()
        self.revision = revision


class UndoExpired(ApplicationError):
    code = "undo_expired"
    message = _("It is too late to undo this ruling. Reverse it instead.")


class RulingReplaced(ApplicationError):
    code = "ruling_replaced"
    message = _("This ruling was undone or replaced already.")


class MeasureNotPermitted(ApplicationError):
    """The queue of the case does not permit a measure."""

    code = "measure_not_permitted"
    status = 403
    message = _("The queue of this case does not permit this measure.")

    def __init__(self, measure: str) -> None:
        super().__init__()
        self.measure = measure


class QueueExists(ApplicationError):
    code = "queue_exists"
    message = _("There is a queue with this name.")


class ExportNotReady(ApplicationError):
    code = "export_not_ready"
    message = _("This export is not ready, or has expired.")
