"""`/v1alpha1/comments:…`: the judge in the shape of the Perspective API, which ends in 2026."""

from typing import Annotated, Literal, cast

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from msgspec import Meta, Struct, field
from rest_framework.request import Request
from rest_framework.response import Response

from moderado.accounts.types import KeyHolder, Scope
from moderado.api.judge.scores import highest, measured_scores
from moderado.api.judge.view import JudgeView, decoded, judge
from moderado.api.openapi import GoogleErrorBody
from moderado.core.errors import Invalid, RefusedComment
from moderado.moderation.attributes import ATTRIBUTES, EXPERIMENTAL
from moderado.moderation.services.suggestions import suggest_score
from moderado.moderation.types import Category, Verdict

LANGUAGES = ("pt", "en")
KEY = OpenApiParameter(
    "key", str, description="The API key, if no header has it. Headers are safer."
)


class CommentText(Struct):
    text: str
    type: Literal["PLAIN_TEXT", "HTML", "TEXT_TYPE_UNSPECIFIED"] = "PLAIN_TEXT"


class AttributeRequest(Struct, rename="camel"):
    """A score below `scoreThreshold` is left out of the answer."""

    score_type: Literal["PROBABILITY", "SCORE_TYPE_UNSPECIFIED"] = "PROBABILITY"
    score_threshold: Annotated[float, Meta(ge=0, le=1)] | None = None


class AnalyzeInput(Struct, rename="camel"):
    comment: CommentText
    requested_attributes: dict[str, AttributeRequest]
    languages: list[str] = field(default_factory=list)
    span_annotations: bool = False
    client_token: Annotated[str, Meta(max_length=256)] | None = None


class Score(Struct):
    value: Annotated[float, Meta(ge=0, le=1)]
    type: Literal["PROBABILITY"] = "PROBABILITY"


class SpanScore(Struct):
    """The score of the code points `[begin, end)`."""

    begin: int
    end: int
    score: Score


class AttributeScores(Struct, rename="camel"):
    summary_score: Score
    span_scores: list[SpanScore] = field(default_factory=list)


class AnalyzeResponse(Struct, rename="camel", omit_defaults=True):
    attribute_scores: dict[str, AttributeScores]
    languages: list[str]
    detected_languages: list[str]
    client_token: str | None = None


class SuggestedAttribute(Struct, rename="camel"):
    summary_score: Score


class SuggestInput(Struct, rename="camel"):
    comment: CommentText
    attribute_scores: dict[str, SuggestedAttribute]
    languages: list[str] = field(default_factory=list)
    community_id: Annotated[str, Meta(max_length=256)] = ""
    client_token: Annotated[str, Meta(max_length=256)] | None = None


class SuggestResponse(Struct, rename="camel", omit_defaults=True):
    detected_languages: list[str]
    client_token: str | None = None


class Analyzing(JudgeView):
    error_body = GoogleErrorBody

    @extend_schema(
        operation_id="analyze_comment",
        parameters=[KEY],
        request=AnalyzeInput,
        responses=AnalyzeResponse,
    )
    def post(self, request: Request) -> Response:
        """Score a text for attributes, as the Perspective API does. Nothing is stored.

        With `spanAnnotations`, each match of a rule has a score of its own.
        """
        body = decoded(request, AnalyzeInput)
        asked = {name: _sources(name) for name in body.requested_attributes}
        if not asked:
            raise Invalid(fields={"requestedAttributes": _("Name at least one attribute.")})
        text = _text(body.comment)
        languages = _languages(body.languages)
        (verdict,) = judge(request, [text], field="comment.text")
        scores = {}
        for name, sources in asked.items():
            found = _scores(verdict, sources, length=len(text), spans=body.span_annotations)
            if found.summary_score.value >= (body.requested_attributes[name].score_threshold or 0):
                scores[name] = found
        return Response(
            AnalyzeResponse(
                attribute_scores=scores,
                languages=languages,
                detected_languages=languages,
                client_token=body.client_token,
            )
        )


class Suggesting(JudgeView):
    error_body = GoogleErrorBody
    scopes = (Scope.JUDGE, Scope.SUGGEST)

    @extend_schema(
        operation_id="suggest_comment_score",
        parameters=[KEY],
        request=SuggestInput,
        responses=SuggestResponse,
    )
    def post(self, request: Request) -> Response:
        """Store which scores a text should have had. Calibration compares them with the judge."""
        body = decoded(request, SuggestInput)
        for name in body.attribute_scores:
            _sources(name)
        languages = _languages(body.languages)
        suggest_score(
            api_key_id=cast("KeyHolder", request.auth).id,
            text=_text(body.comment),
            scores={name: each.summary_score.value for name, each in body.attribute_scores.items()},
            languages=languages,
            community=body.community_id,
        )
        answer = SuggestResponse(detected_languages=languages, client_token=body.client_token)
        return Response(answer)


def _sources(attribute: str) -> tuple[Category, ...]:
    try:
        return ATTRIBUTES[attribute.removesuffix(EXPERIMENTAL)]
    except KeyError:
        known = ", ".join(ATTRIBUTES)
        sentence = _("Unknown attribute. The known ones are: %(known)s.") % {"known": known}
        raise Invalid(fields={"requestedAttributes": sentence}) from None


def _text(comment: CommentText) -> str:
    if not comment.text.strip():
        raise RefusedComment("COMMENT_EMPTY", fields={"comment.text": _("Write something.")})
    return comment.text


def _languages(given: list[str]) -> list[str]:
    """Return the two-letter codes of the given languages; all known ones if none is given."""
    codes = [code.partition("-")[0].lower() for code in given]
    if not set(codes) <= set(LANGUAGES):
        sentence = _("Only these languages are judged: %(known)s.")
        raise RefusedComment(
            "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
            fields={"languages": sentence % {"known": ", ".join(LANGUAGES)}},
        )
    return list(dict.fromkeys(codes)) or list(LANGUAGES)


def _scores(
    verdict: Verdict, sources: tuple[Category, ...], *, length: int, spans: bool
) -> AttributeScores:
    score = Score(value=highest(measured_scores(verdict), sources))
    places = [SpanScore(begin=0, end=length, score=score)]
    if spans:
        places = [
            SpanScore(begin=match.start, end=match.end, score=Score(value=match.severity))
            for signal in verdict.signals
            for match in signal.matches
            if match.category in sources
        ] or places
    return AttributeScores(summary_score=score, span_scores=places)
