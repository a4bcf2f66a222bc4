"""Statements of reasons: what was decided about a person, why, by whom, until when, what next.

One place for frames and REST, in the active language (DSA art. 17; ECA Digital art. 30).
No sentence names a rule's words, a threshold or a moderator.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

import msgspec
from django.utils import translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from moderado.enforcement.appeal_statements import appeal_statement
from moderado.enforcement.ends import end_sentence, lifted_sentence, other_end_sentence
from moderado.enforcement.errors import explain
from moderado.enforcement.types import (
    WITHOUT_WORDS,
    Restriction,
)
from moderado.enforcement.views import DecisionView, SanctionNote
from moderado.moderation.categories import category_list, category_name
from moderado.moderation.category_rules import CATEGORY_RULES
from moderado.moderation.help_lines import HelpLine, help_lines
from moderado.moderation.types import Category

GUIDELINES = "/regras/"
MESSAGE = "message"
KEPT_FLAGGED = "kept_flagged"  # the outcome of a ruling without consequences

# Of a message, by reason or by reason and status.
_MESSAGES: Mapping[str, Promise] = {
    "removed": gettext_lazy("A moderator removed this message."),
    "moderator": gettext_lazy("A moderator decided that this message is not shown."),
    "unjudged": gettext_lazy(
        "This message could not be checked automatically. A moderator will look at it."
    ),
    "author_removed": gettext_lazy(
        "This message is not shown: you were removed from the room before it was checked."
    ),
    "author_removed HELD": gettext_lazy(
        "A moderator decides about this message: its author was removed before it was shown."
    ),
    "room_deleted": gettext_lazy(
        "This message is not shown: the room was deleted before it was checked."
    ),
}
_BY_RULING = frozenset({"removed", "moderator"})
_REMOVED_NAME = gettext_lazy("A moderator removed this name.")
_MARKED = gettext_lazy("A moderator read this text, and marked it as doubtful.")
_KEPT = gettext_lazy("A moderator read this text: it stays visible, and is marked as doubtful.")
_SHOWN = gettext_lazy("A moderator read this text: it is shown now, and is marked as doubtful.")


def why_message_is_hidden(status: str, reason: str, categories: Collection[str]) -> str:
    """Explain to the author which category was found and who decided.

    Args:
        status: HELD, REJECTED or REMOVED.
        reason: A code of `moderation.types.Reason`, or empty.
        categories: What was found, by a machine or by the moderator who decided.
    """
    named = category_list(categories)
    if sentence := _MESSAGES.get(f"{reason} {status}", _MESSAGES.get(reason)):
        because = _("Reason: %s.") % named if named and reason in _BY_RULING else ""
        return f"{sentence} {because}".rstrip()
    if status == "HELD" and named:
        return _("A moderator will look at this message: an automatic check found %(what)s.") % {
            "what": named
        }
    if status == "HELD":
        return _("A moderator will look at this message before it is shown.")
    return _("This message is not shown: an automatic check found %(what)s.") % {
        "what": named or _("something the rules do not allow")
    }


def why_name_is_hidden(status: str, reason: str, categories: Collection[str]) -> str:
    """Explain to who proposed a name why others do not see it. As `why_message_is_hidden`."""
    named = category_list(categories)
    if reason == "moderator":
        return _("A moderator decided that this name is not shown.")
    if status == "HELD" and named:
        return _("A moderator will look at this name: an automatic check found %(what)s.") % {
            "what": named
        }
    if status == "HELD":
        return _("A moderator will look at this name before it is shown.")
    return _("This name is not shown: an automatic check found %(what)s.") % {
        "what": named or _("something the rules do not allow")
    }


def what_became(subject_type: str, outcome: str, was_seen: bool | None) -> str:  # noqa: FBT001
    """Return what a ruling did to a text; empty if it did nothing.

    Args:
        subject_type: What the text is.
        outcome: That of the decision.
        was_seen: Whether others had seen the text before; None if that is not known, or if its
            author has replaced or deleted it.
    """
    is_message = subject_type == MESSAGE
    match outcome, was_seen:
        case "removed", True:
            return str(_MESSAGES["removed"] if is_message else _REMOVED_NAME)
        case "removed", _:
            explain_text = why_message_is_hidden if is_message else why_name_is_hidden
            return explain_text("REJECTED", "moderator", ())
        case "kept_flagged", False:
            return str(_SHOWN)
        case "kept_flagged", True:
            return str(_KEPT)
        case "kept_flagged", _:
            return str(_MARKED)
        case _:
            return ""


def statement(view: DecisionView) -> str:
    """Return the whole statement of a decision; `view.explanation` says what a machine did."""
    is_said = view.sanctions or view.is_reversed  # each sanction says its own end
    ends_at = None if is_said else view.ends_at
    parts = [*_what(view), _reason(view), _decided_by(is_machine=view.by == "machine")]
    parts += [_until(ends_at), _rule(view)]
    parts += [_next(view), help_sentence(help_for(view))]
    return " ".join(part for part in parts if part)


def suspension_statement(
    *, reason: str, ends_at: datetime, appeal_until: datetime, is_lifted: bool = False
) -> str:
    """Return what a suspension from reporting is, why, until when, and what next."""
    if is_lifted:
        lifted = _("Your suspension from reporting was lifted: you may report again.")
        return " ".join((lifted, _decided_by(is_machine=False)))
    parts = (_("You may not report for a time."), _because(reason), _until(ends_at))
    return " ".join((*parts, _decided_by(is_machine=False), _appealable(appeal_until)))


def sanction_statement(
    restriction: Restriction,
    *,
    is_automatic: bool,
    is_appealable: bool,
    is_lifted: bool = False,
    end_reason: str | None = None,
) -> str:
    """Return what a sanction is, why, until when, who decided, and what next.

    Args:
        restriction: What the person may not do.
        is_automatic: Whether strikes or a verdict led to it, and no person.
        is_appealable: Whether it can be appealed now.
        is_lifted: Whether it was lifted before its end.
        end_reason: Why a moderator has changed its end; None if that did not happen.
    """
    if is_lifted:
        restriction = msgspec.structs.replace(restriction, until=None)
    parts = [explain(restriction), _decided_by(is_machine=is_automatic)]
    if end_reason is not None and not is_lifted:
        parts.append(other_end_sentence(end_reason))
    if is_lifted:
        parts.append(lifted_sentence())
    parts.append(_("The guidelines: %s.") % guideline_path(restriction.reason))
    if is_appealable and restriction.appeal_until is not None:
        parts.append(_appealable(restriction.appeal_until))
    return " ".join(parts)


def guideline_path(reason: str, categories: Collection[str] = ()) -> str:
    """Return the path of the guideline that a decision rests on: of its first category."""
    known = [each for each in (reason, *categories) if each in CATEGORY_RULES]
    return f"{GUIDELINES}#{known[0]}" if known else GUIDELINES


def help_for(view: DecisionView) -> tuple[HelpLine, ...]:
    """Return where a person finds help whose text speaks of self-harm."""
    found = {view.reason, *view.categories}
    is_needed = Category.SELF_HARM.value in found
    language = translation.get_language() or ""
    return help_lines([Category.SELF_HARM.value], language) if is_needed else ()


def help_sentence(lines: Collection[HelpLine]) -> str:
    """Return one sentence that names places of help; empty without any."""
    if not lines:
        return ""
    named = "; ".join(", ".join(filter(None, (each.name, each.phone, each.url))) for each in lines)
    return _("If you think of harming yourself, you find help here: %s.") % named


def _what(view: DecisionView) -> Iterator[str]:
    match view.outcome:
        case "removed" if view.type == "deletion":
            yield why_message_is_hidden("REMOVED", "removed", view.categories)
        case "removed" if view.type == "purge":
            yield _("A moderator removed your latest messages.")
        case "suspended":
            yield _("You may not report for a time.")
        case _:
            yield view.explanation
    yield from (_sanction(each, view) for each in view.sanctions)


def _sanction(note: SanctionNote, view: DecisionView) -> str:
    is_over = view.is_reversed or note.is_lifted
    until = None if is_over else note.ends_at
    said = explain(Restriction(kind=note.kind, until=until, reason=view.reason))
    # A decision that was reversed as a whole needs one sentence only.
    is_alone = note.is_lifted and not view.is_reversed
    if not is_over and note.end_changed_at is not None:
        said = f"{said} {other_end_sentence(note.end_reason)}"
    return f"{said} {lifted_sentence()}" if is_alone else said


def _reason(view: DecisionView) -> str:
    """Return the reason, where no other sentence has it."""
    return "" if view.sanctions or view.outcome in {"held", "refused"} else _because(view.reason)


def _because(reason: str) -> str:
    return "" if reason in WITHOUT_WORDS else _("Reason: %s.") % category_name(reason)


def _decided_by(*, is_machine: bool) -> str:
    if is_machine:
        return _("A machine decided this, without a person.")
    return _("A person of the moderation decided this.")


def _until(moment: datetime | None) -> str:
    return "" if moment is None else end_sentence(moment)


def _rule(view: DecisionView) -> str:
    return _("The guidelines: %s.") % guideline_path(view.reason, view.categories)


def _next(view: DecisionView) -> str:
    if view.is_reversed:
        return _("This decision was reversed: it has no effect any more.")
    if view.is_being_reversed:
        return _("This decision is being reversed: what it removed is coming back.")
    if view.appeal is not None:
        return appeal_statement(view.appeal.outcome, view.type) or _(
            "You have appealed this decision."
        )
    if view.appealable and view.appeal_until is not None:
        return _appealable(view.appeal_until)
    return ""


def _appealable(until: datetime) -> str:
    return _("You can appeal until %s.") % date_format(until.astimezone(UTC), "SHORT_DATE_FORMAT")
