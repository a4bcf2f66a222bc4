"""A webhook that judges: signed as Standard Webhooks say, and sent to public addresses only."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

import httpx2
from standardwebhooks import Webhook

from moderado.core import clock
from moderado.core.ids import new_id
from moderado.moderation.errors import Abstained, ProviderUnavailable
from moderado.moderation.outbound.answers import Unreadable, scores
from moderado.moderation.outbound.masking import masked
from moderado.moderation.outbound.thresholds import CAUTIOUS
from moderado.moderation.providers.http import Answer, Caller, check
from moderado.moderation.providers.public_addresses import guarded_transport
from moderado.moderation.secrets import secret_of
from moderado.moderation.types import Category, Content, Outcome, Signal

EVENT = "moderation.assess"
_NO_CONTENT = 204
_FIELDS = {"scores", "recommendation", "model"}
_NAMES = {category.value: category for category in Category}


class WebhookProvider:
    """Ask a service of your own by HTTP.

    It answers 200 with `{"scores": {…}, "recommendation": "HOLD", "model": "…"}`, each optional, or
    204 if it has no opinion on a text. It may receive an event twice, with the same `webhook-id`.

    Args:
        url: `https://…`. Private and other special addresses are refused, by name and by number.
        name: In the log and in policies.
        secret: The name of the signing secret (`whsec_…`) in `PROVIDER_SECRETS`.
        next_secret: A second one, while the service changes to it: both sign.
        networks: Networks that are allowed though they are not public, such as `10.0.0.0/8`. With
            one, `http://` is allowed, too.

    Raises:
        ValueError: The URL is not allowed, or there is no such secret.
    """

    remote: ClassVar[Literal[True]] = True
    idempotent = True
    default_thresholds = CAUTIOUS

    def __init__(
        self,
        *,
        url: str,
        name: str = "webhook",
        secret: str = "webhook",  # noqa: S107  (a name)
        next_secret: str | None = None,
        networks: Sequence[str] = (),
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and networks):
            raise ValueError("a webhook has an https:// URL")
        if not parts.hostname or parts.username or parts.password:
            raise ValueError("the URL of a webhook has a host and no credentials")
        self.name, self._url = name, url
        names = [secret, next_secret] if next_secret else [secret]
        self._signers = [Webhook(secret_of(each)) for each in names]
        transport = guarded_transport(networks)
        self._caller = Caller(transport=transport)

    async def assess(self, contents: Sequence[Content]) -> list[Signal]:
        return await asyncio.gather(*map(self._signal, contents))

    async def _signal(self, content: Content) -> Signal:
        message_id = str(content.context.get("idempotency_key") or new_id())
        now = clock.estimated()
        body = json.dumps(_event(content, now), ensure_ascii=False)
        # The library re-labels aware times: it must get one of UTC.
        signature = " ".join(signer.sign(message_id, now, body) for signer in self._signers)
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        try:
            answer = await self._caller.post(self._url, headers=headers, content=body.encode())
            return self._opinion(answer)
        except httpx2.InvalidURL as error:
            raise ProviderUnavailable("invalid_url", exhausted=True) from error
        except Unreadable as error:
            raise ProviderUnavailable("malformed_answer", refused=True) from error

    def _opinion(self, answer: Answer) -> Signal:
        if answer.status == _NO_CONTENT:
            raise Abstained("no_opinion")
        found = check(answer).json()
        if not found or not set(found) <= _FIELDS:
            raise Unreadable("not the agreed fields")
        if not {"scores", "recommendation"} & set(found):
            raise Unreadable("no opinion")
        model = found.get("model", "")
        if not isinstance(model, str):
            raise Unreadable("a model is no text")
        return Signal(
            provider=self.name,
            model=model,
            scores=scores(found.get("scores", {}), _NAMES, required=False),
            recommendation=_recommendation(found.get("recommendation")),
        )


def _recommendation(found: object) -> Outcome | None:
    if found is None:
        return None
    if not isinstance(found, str) or found not in list(Outcome):
        raise Unreadable("an unknown outcome")
    return Outcome(found)


def _event(content: Content, now: datetime) -> dict[str, Any]:
    """Return the event. No id of an account or a room leaves this server."""
    return {
        "type": EVENT,
        "timestamp": now.isoformat(),
        "data": {
            "subject_type": content.subject_type,
            "subject_id": str(content.subject_id),
            "revision": content.revision,
            "text": masked(content.text),
            "author": {"role": content.author.role, "is_bot": content.author.is_bot},
            "room": {"type": content.room.type, "audience": content.room.audience},
        },
    }
