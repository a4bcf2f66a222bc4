"""Errors of the moderation context."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moderado.core.errors import ApplicationError, Invalid


class ProviderUnavailable(Exception):
    """The provider gave no answer. Never read this as approval.

    By default the call may have been carried out, and `ON_UNKNOWN` decides what follows.

    Attributes:
        not_done: The call was certainly not carried out (refused connection): a repeat is not paid
            twice.
        retry_after: Not carried out either; the provider asks for a rest of so many seconds (429).
        exhausted: Not carried out, and a repeat will not help (spent quota, rejected key).
        refused: It answered without an assessment (its own filter stopped the text, or the answer
            is unreadable). Such texts are often the worst, so a moderator looks at them.
    """

    def __init__(
        self,
        cause: str = "",
        *,
        not_done: bool = False,
        retry_after: float | None = None,
        exhausted: bool = False,
        refused: bool = False,
    ) -> None:
        super().__init__(cause)
        self.not_done = not_done
        self.retry_after = retry_after
        self.exhausted = exhausted
        self.refused = refused


class Abstained(ProviderUnavailable):
    """The provider answered that it has no opinion on this text.

    The others decide. Without any signal the text is held.
    """


class NotTaken(ProviderUnavailable):
    """The provider refused the request itself (400): nothing was carried out."""

    def __init__(self, cause: str = "") -> None:
        super().__init__(cause, refused=True)


class OwnCase(ApplicationError):
    """Separation of duties: authors do not decide on their own text."""

    code = "own_case"
    status = 403
    message = _("This case is about your own content. Another moderator decides it.")


class CaseTaken(ApplicationError):
    code = "case_taken"
    message = _("Another moderator is working on this case.")


class CaseClosed(ApplicationError):
    code = "case_closed"
    message = _("This case has been decided already.")


class CaseSuperseded(ApplicationError):
    """The subject of the case ended before a decision: `reason` is a `CloseReason`."""

    code = "case_superseded"
    message = _("This case was closed: there is nothing left to decide.")
    sentences: ClassVar[Mapping[str, str | Promise]] = {
        "deleted": _("This case was closed: its text was deleted."),
        "replaced": _("This case was closed: its author has replaced the text."),
        "room_deleted": _("This case was closed: its room was deleted."),
        "merged": _("This case was closed: an earlier case of the same text is open again."),
    }

    def __init__(self, reason: str) -> None:
        super().__init__(self.sentences.get(reason))
        self.reason = reason


class BlindCase(ApplicationError):
    """The verdict of a blind case is shown after the ruling."""

    code = "blind_case"
    message = _("A case asks for a ruling without the verdict: it is shown after the ruling.")


class InvalidPolicy(Invalid):
    """The document of a policy has mistakes: `fields` maps each path to a sentence."""

    code = "invalid_policy"
    message = _("The policy has mistakes.")


class PolicyExists(ApplicationError):
    code = "policy_exists"
    message = _("There is a policy with this name, or there was one.")


class PolicyInUse(ApplicationError):
    code = "policy_in_use"
    message = _("This policy is assigned, or another one extends it.")


class PolicyNotEnabled(ApplicationError):
    code = "policy_not_enabled"
    message = _("No version of this policy is enabled.")


class EvaluationEnded(ApplicationError):
    code = "evaluation_ended"
    message = _("This evaluation has ended already.")


class TooManyEvaluations(ApplicationError):
    code = "too_many_evaluations"
    message = _("Too many evaluations wait. Cancel one, or try again later.")


class FailingExamples(ApplicationError):
    """Examples of the policy fail: `examples` are all of them."""

    code = "failing_examples"
    message = _("Some examples of the policy have another outcome than they should.")

    def __init__(self, examples: Sequence[Any]) -> None:
        super().__init__()
        self.examples = examples


class UnfairPolicy(ApplicationError):
    """The version holds more neutral sentences about identities than is allowed."""

    code = "unfair_policy"
    message = _(
        "This version holds more neutral sentences about identities. Confirm that it should."
    )

    def __init__(self, fairness: Any) -> None:
        super().__init__()
        self.fairness = fairness


class TooFewRulings(ApplicationError):
    """There are too few rulings to suggest a threshold for any category."""

    code = "too_few_rulings"
    message = _("There are too few rulings on texts that people show to suggest a threshold.")

    def __init__(self, *, found: int, needed: int) -> None:
        super().__init__(
            _("There are too few rulings to suggest a threshold: %(found)d of %(needed)d.")
            % {"found": found, "needed": needed}
        )
        self.found, self.needed = found, needed


class TooFewBlindRulings(TooFewRulings):
    """Rulings on held texts alone do not tell which share of all texts would be held."""

    code = "too_few_blind_rulings"
    message = _("There are too few rulings on blind cases to suggest a threshold.")

    def __init__(self, *, found: int, needed: int) -> None:
        ApplicationError.__init__(
            self,
            _("There are too few rulings on blind cases: %(found)d of %(needed)d.")
            % {"found": found, "needed": needed},
        )
        self.found, self.needed = found, needed


class TextTooShort(ApplicationError):
    """A short text is what many people write: it cannot be banked."""

    code = "text_too_short"
    status = 400
    message = _("This text is too short for the bank: others write the same by chance.")

    def __init__(self, *, least: int) -> None:
        super().__init__()
        self.least = least
