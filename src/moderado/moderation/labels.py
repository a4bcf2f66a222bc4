"""The words for people of outcomes, reasons, deciding steps and kinds of subject."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moderado.moderation.types import CloseReason, Outcome, Reason

CLOSE_REASONS = [
    (CloseReason.DELETED.value, _("deleted")),
    (CloseReason.REPLACED.value, _("replaced by an edit")),
    (CloseReason.ROOM_DELETED.value, _("room deleted")),
    (CloseReason.MERGED.value, _("merged with an earlier case")),
]
OUTCOMES = [
    (Outcome.ALLOW.value, _("allowed")),
    (Outcome.FLAG.value, _("flagged")),
    (Outcome.HOLD.value, _("held")),
    (Outcome.BLOCK.value, _("blocked")),
]
REASONS: Mapping[str, Promise] = {
    Reason.POLICY: _("against the rules"),
    Reason.REVIEW: _("held for review"),
    Reason.UNJUDGED: _("could not be judged"),
    Reason.MODERATOR: _("a moderator's decision"),
    Reason.AUTHOR_REMOVED: _("author removed"),
    Reason.ROOM_DELETED: _("room deleted"),
    Reason.REMOVED: _("removed by a moderator"),
}
ROOM_TYPE_NAMES: Mapping[str, Promise] = {"public": _("public"), "private": _("private")}
SUBJECTS: Mapping[str, Promise] = {
    "message": _("message"),
    "user_name": _("name of an account"),
    "room_name": _("name of a room"),
    "person": _("person"),
    "room": _("room"),
    "notice": _("notice"),
}
# Steps that are no provider; a provider is shown by its name.
STEPS: Mapping[str, Promise] = {
    "moderator": _("moderator"),
    "undone": _("ruling undone"),
    "purged": _("removed with the latest messages"),
    "restored": _("brought back with the latest messages"),
    "unjudged": _("not judged"),
    "off": _("room without moderation"),
    "operator": _("operator"),
    "attempts": _("stopped its worker repeatedly"),
    "blocked_before": _("blocked before"),
    "ordered_removal": _("the same as a text that was ordered away"),
    "author_removed": _("author removed"),
}
# How a disguised word was read, as signals name it: see docs/disguises.md.
DISGUISES: Mapping[str, Promise] = {
    "added syllables": _("added syllables"),
    "backwards": _("written backwards"),
    "base64": _("Base64 code"),
    "binary": _("binary code"),
    "braille": _("Braille"),
    "case": _("capital letters inside words"),
    "characters": _("unusual or invisible characters"),
    "cut in two": _("cut in two"),
    "decimal": _("numbers of characters"),
    "ending": _("another ending"),
    "glued": _("joined to other words"),
    "hexadecimal": _("hexadecimal code"),
    "keys": _("neighbouring keys"),
    "leet": _("digits and signs for letters"),
    "letters above": _("small letters above others"),
    "look-alikes": _("signs that look like letters"),
    "markup": _("markup inside words"),
    "masks": _("letters replaced by signs"),
    "missing": _("missing letters"),
    "morse": _("Morse code"),
    "other alphabet": _("another alphabet"),
    "pig latin": _("moved syllables (Pig Latin)"),
    "repeats": _("repeated letters"),
    "rot13": _("shifted alphabet (ROT13)"),
    "separators": _("letters set apart"),
    "sounds": _("spelled by sound"),
    "drawn": _("letters drawn like others"),
    "names of letters": _("names of letters"),
    "spelling alphabet": _("spelling alphabet"),
    "swapped": _("swapped letters"),
    "two messages": _("cut in two messages"),
    "upside down": _("written upside down"),
    "vowels": _("other or missing vowels"),
}


def label(labels: Mapping[str, Promise], code: str) -> str:
    """Return the words for a code in the active language; an unknown code as it is."""
    return str(labels.get(code, code))


def subject_label(subject_type: str, subject_id: object, revision: int) -> str:
    """Return how lists and titles name a revision of a subject."""
    return f"{label(SUBJECTS, subject_type)} {subject_id}/{revision}"
