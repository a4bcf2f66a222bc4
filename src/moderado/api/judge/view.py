"""What the endpoints of the judge share: credentials, bodies, and the place to judge in."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar, cast

import msgspec
from django.utils.translation import gettext_lazy as _
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from moderado.accounts.types import KeyHolder, Scope
from moderado.api.judge.keys import ApiKeyAuthentication, HasScope
from moderado.api.judge.refusals import refused_fields
from moderado.api.parsers import BoundedBody, RepeatedField, strict_json
from moderado.core.concurrency import ConcurrencyLimit
from moderado.core.database import release_connections
from moderado.core.errors import Invalid
from moderado.core.wire_limits import (
    MAX_JUDGE_BODY_BYTES,
    MAX_JUDGED_CHARACTERS,
    MAX_JUDGED_TEXTS,
)
from moderado.moderation.services.judging import chain_of, judge_texts
from moderado.moderation.types import Verdict

Body = TypeVar("Body")

# Judging is CPU work under Python's lock. One thread of a process judges at a time, so that its
# event loop gets the lock back after one switch interval (ADR 0064).
_PLACES = ConcurrencyLimit(1, queued_per_key=32)


class JudgedBody(BoundedBody):
    """The body as it is, for msgspec to decode and check."""

    limit = MAX_JUDGE_BODY_BYTES


class FastJSON(BaseRenderer):
    """JSON by msgspec: a batch of 32 results takes a tenth of the time."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return msgspec.json.encode(data)


class JudgeView(APIView):
    authentication_classes = (ApiKeyAuthentication,)
    permission_classes = (HasScope,)
    parser_classes = (JudgedBody,)
    renderer_classes = (FastJSON,)
    scopes: ClassVar[tuple[Scope, ...]] = (Scope.JUDGE,)


def decoded(request: Request, kind: type[Body]) -> Body:
    """Return the body as `kind`. Raises Invalid, naming the field, never its value.

    A field that is given twice is refused: the text that was judged could be another one than the
    caller's own reader takes. msgspec takes the last one, so the body is read once more.
    """
    body: Any = request.data
    try:
        found = msgspec.json.decode(body, type=kind)
        strict_json(body)
    except RepeatedField:
        raise Invalid(fields={"body": _("A field was given twice.")}) from None
    except msgspec.ValidationError as error:
        raise Invalid(fields=refused_fields(error)) from None
    except (msgspec.DecodeError, RecursionError, ValueError, TypeError):
        raise Invalid(fields={"body": _("The body is not valid JSON.")}) from None
    return found


def judge(
    request: Request, texts: Sequence[str], *, field: str, policy: str | None = None
) -> list[Verdict]:
    """Judge texts by the local providers, after waiting for this process's place to judge in.

    Args:
        request: Its API key has a fair share of the place.
        texts: The texts of one request.
        field: The field named in errors.
        policy: The name of a policy; None: the server's.

    Raises:
        NotFound: There is no such policy.
        PolicyNotEnabled: No version of it is enabled.
        Invalid: There are too many or too long texts.
        RateLimited: This key has too many requests at once.
        Unavailable: The place stays occupied by others.
    """
    if not texts:
        raise Invalid(fields={field: _("Write something.")})
    if len(texts) > MAX_JUDGED_TEXTS:
        sentence = _("At most %(limit)d texts in one request.")
        raise Invalid(fields={field: sentence % {"limit": MAX_JUDGED_TEXTS}})
    if sum(map(len, texts)) > MAX_JUDGED_CHARACTERS:
        sentence = _("At most %(limit)d characters in one request.")
        raise Invalid(fields={field: sentence % {"limit": MAX_JUDGED_CHARACTERS}})
    key = cast("KeyHolder", request.auth)
    chain = chain_of(policy)
    release_connections()  # judging needs none
    with _PLACES.place(str(key.id), before_waiting=release_connections):
        return judge_texts(texts, policy=chain)
