"""What remote providers would have cost for an export.

The prices are list prices of 2026, which options of the command replace: check them first.
"""

from dataclasses import dataclass
from math import ceil

from django.utils.formats import number_format
from django.utils.translation import gettext as _

# OpenAI's moderation endpoint is free; its limits for a new account make a backlog take time.
OPENAI_REQUESTS_A_MINUTE = 250
OPENAI_TOKENS_A_MINUTE = 10_000
AZURE_PRICE = 0.75  # US dollars for 1,000 records of up to 1,000 characters
TOKEN_PRICE = 0.1  # US dollars for a million tokens of a small chat model
PROMPT_TOKENS = 600  # of the instructions of a judging chat model, with each text


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars: of Azure for 1,000 records, of a chat model for a million tokens."""

    azure: float = AZURE_PRICE
    tokens: float = TOKEN_PRICE


@dataclass(frozen=True, slots=True)
class Cost:
    """A line of the table: a provider, what it costs in US dollars, and how that was computed."""

    provider: str
    amount: float
    basis: str


def costs(sent: dict[str, int], prices: Prices) -> list[Cost]:
    """Return the cost of each kind of provider, if it received all that is not blocked before.

    Args:
        sent: `Tally.sent()`.
        prices: Replace the list prices.
    """
    texts, tokens = sent["texts"], sent["tokens"]
    minutes = ceil(max(texts / OPENAI_REQUESTS_A_MINUTE, tokens / OPENAI_TOKENS_A_MINUTE))
    model = (tokens + PROMPT_TOKENS * texts) * prices.tokens / 1_000_000
    return [
        Cost("blocklist, classifier", 0, _("They run on this server.")),
        Cost(
            "openai",
            0,
            _("%(texts)s texts; %(minutes)s min at the limits of a free account.")
            % {"texts": _whole(texts), "minutes": _whole(minutes)},
        ),
        Cost(
            "azure",
            sent["records"] / 1000 * prices.azure,
            _("%(records)s records at US$ %(price)s for 1,000.")
            % {"records": _whole(sent["records"]), "price": number_format(prices.azure)},
        ),
        Cost(
            "openai_compatible",
            model,
            _("%(tokens)s tokens with the instructions, at US$ %(price)s a million.")
            % {
                "tokens": _whole(tokens + PROMPT_TOKENS * texts),
                "price": number_format(prices.tokens),
            },
        ),
    ]


def _whole(number: int) -> str:
    return number_format(number, force_grouping=True)
