"""`POST /v1/moderations`: the judge in the shape of OpenAI's moderation endpoint.

The categories of the answer are exactly OpenAI's, so that strict clients accept it. What they
cannot express is in the field `moderado` of each result.
"""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from moderado.api.judge.scores import highest, measured_scores
from moderado.api.judge.view import JudgeView, decoded, judge
from moderado.api.openapi import OpenAIErrorBody
from moderado.core.errors import ApplicationError, Invalid, NotFound
from moderado.core.ids import new_id
from moderado.moderation.errors import PolicyNotEnabled
from moderado.moderation.types import Category, Outcome, Verdict

# The canonical categories behind each category of OpenAI's. The highest score counts. The other
# categories are not measured apart, and have the score 0.
SOURCES: Mapping[str, tuple[Category, ...]] = {
    "harassment": (Category.INSULT, Category.HARASSMENT),
    "harassment/threatening": (Category.THREAT,),
    "hate": (Category.HATE,),
    "hate/threatening": (),
    "illicit": (Category.ILLICIT, Category.SCAM),
    "illicit/violent": (Category.EXTREMISM,),
    "self-harm": (Category.SELF_HARM,),
    "self-harm/instructions": (),
    "self-harm/intent": (),
    "sexual": (Category.SEXUAL,),
    "sexual/minors": (Category.CHILD_SAFETY,),
    "violence": (Category.VIOLENCE, Category.THREAT),
    "violence/graphic": (),
}
MODEL = "moderado"
DEFAULT = "default"  # the policy that a server begins with
_REFUSED = frozenset({Outcome.HOLD, Outcome.BLOCK})


class TextPart(Struct, tag="text"):
    text: str


class ImageUrl(Struct):
    url: str


class ImagePart(Struct, tag="image_url"):
    image_url: ImageUrl


class ModerationInput(Struct):
    """`input` is one text, a list of texts, or a list of parts that are judged as one text."""

    input: str | list[str | TextPart | ImagePart]
    model: str | None = None


class JudgeMatch(Struct):
    """Where a rule matched: code points `[start, end)` of the text."""

    rule: str
    category: str
    start: int
    end: int


class Explanation(Struct):
    """The decision in the product's own terms."""

    outcome: str  # ALLOW, FLAG, HOLD or BLOCK
    decided_by: str
    reason: str | None
    categories: dict[str, float]
    matches: list[JudgeMatch]
    policy_version: str


class ModerationResult(Struct):
    """One result in OpenAI's shape, with the explanation as an additional field."""

    flagged: bool
    categories: dict[str, bool]
    category_scores: dict[str, float]
    category_applied_input_types: dict[str, list[str]]
    moderado: Explanation


class ModerationResponse(Struct):
    id: str
    model: str
    results: list[ModerationResult]


class ModelNotFound(ApplicationError):
    """The request names a policy that does not exist."""

    code = "model_not_found"
    status = 404
    message = _("There is no policy with this name.")


class Moderations(JudgeView):
    error_body = OpenAIErrorBody

    @extend_schema(
        operation_id="create_moderation",
        request=ModerationInput,
        responses=ModerationResponse,
    )
    def post(self, request: Request) -> Response:
        """Judge one text or a batch, as OpenAI's endpoint does.

        `flagged` means that the policy would not show the text: its outcome is `HOLD` or `BLOCK`.
        `model` may be `moderado:NAME` for a policy; any other name means the default policy.
        """
        body = decoded(request, ModerationInput)
        verdicts = _judged(request, _texts(body.input), _policy(body.model))
        answer = ModerationResponse(
            id=f"modr-{new_id().hex}",
            model=f"{MODEL}:{verdicts[0].policy}",
            results=list(map(_result, verdicts)),
        )
        return Response(answer, headers={"x-request-id": answer.id})


def _judged(request: Request, texts: list[str], policy: str | None) -> list[Verdict]:
    try:
        return judge(request, texts, field="input", policy=policy)
    except (NotFound, PolicyNotEnabled):
        if policy != DEFAULT:
            raise ModelNotFound from None
    return judge(request, texts, field="input")  # the configuration's, which has the same name


def _policy(model: str | None) -> str | None:
    """Return the policy that a model's name means; None for the server's."""
    name, _separator, policy = (model or "").partition(":")
    return policy or None if name == MODEL else None


def _texts(given: str | list[str | TextPart | ImagePart]) -> list[str]:
    """Return the texts to judge. Parts are one text, on lines of their own, as for OpenAI."""
    if isinstance(given, str):
        return [given]
    texts = [each for each in given if isinstance(each, str)]
    if len(texts) == len(given):
        return texts
    parts = [each.text for each in given if isinstance(each, TextPart)]
    if len(parts) != len(given):
        raise Invalid(
            fields={"input": _("Only texts are judged, and a list has one kind of item.")}
        )
    return ["\n".join(parts)]


def _result(verdict: Verdict) -> ModerationResult:
    scores = measured_scores(verdict)
    is_refused = verdict.outcome in _REFUSED
    return ModerationResult(
        flagged=is_refused,
        categories={
            name: is_refused and any(source in verdict.categories for source in sources)
            for name, sources in SOURCES.items()
        },
        category_scores={name: highest(scores, sources) for name, sources in SOURCES.items()},
        category_applied_input_types=_APPLIED,
        moderado=Explanation(
            outcome=verdict.outcome.value,
            decided_by=verdict.decided_by,
            reason=verdict.reason.value if verdict.reason else None,
            categories={category.value: score for category, score in verdict.categories.items()},
            matches=[
                JudgeMatch(
                    rule=match.rule, category=match.category.value, start=match.start, end=match.end
                )
                for signal in verdict.signals
                for match in signal.matches
            ],
            policy_version=verdict.policy_version,
        ),
    )


_APPLIED = {name: ["text"] for name in SOURCES}
