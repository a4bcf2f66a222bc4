"""Search: full text in Portuguese and English, then trigram similarity if that finds little.

Similarity has no index of its own: ADR 0027 says why, and what it costs.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from uuid import UUID

from django.contrib.postgres.search import (
    SearchQuery,
    SearchRank,
    SearchVectorField,
    TrigramWordSimilarity,
)
from django.db.models import Expression, F, Func, QuerySet, Subquery, TextField
from django.db.models.functions import Coalesce

from moderado.chat.models import Message
from moderado.chat.selectors.authors import with_authors
from moderado.chat.selectors.messages import OWN_UNSEEN
from moderado.chat.selectors.rooms import get_room
from moderado.core.database import SEARCH_SECONDS, BudgetSpent, TimeBudget, search_budget
from moderado.core.text import fold

_Ranked = tuple[float, int, UUID]  # score, position, id

LIMIT = 100  # results
CANDIDATES = 500  # the newest matches, which are ranked
WORDS = 12  # of a query; the rest is ignored
LOADING = 0.5  # seconds of the budget, kept for reading what was found
SHORTEST = 3  # letters: similarity of shorter words means nothing

SIMILARITY = 0.5  # of shared trigrams: one or two wrong letters

_VARIATION = "\ufe0f"  # asks for an emoji in colour; texts have it or not
_LANGUAGES = ("portuguese", "english")
# Singular and plural endings that PostgreSQL's Portuguese stemmer does not join: mensagem and
# mensagens, canal and canais, reunião and reuniões. A query looks for both.
_ENDINGS = (
    ("m", "ns"),
    ("ao", "oes"),
    ("ao", "aes"),
    ("al", "ais"),
    ("el", "eis"),
    ("il", "is"),
    ("il", "eis"),
    ("ol", "ois"),
    ("ul", "uis"),
)
_VECTOR = Func(F("text"), function="chat_search_vector", output_field=SearchVectorField())
_FOLDED = Func(F("text"), function="chat_fold", output_field=TextField())


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a search may cost."""

    seconds: float = SEARCH_SECONDS
    unless: int = 20  # full-text matches: then there is no search by similarity
    recent: int = 5_000  # the newest messages are compared, at about 10 µs each
    milliseconds: int = 1_500  # then the search for parts, or by similarity, is abandoned


def search(
    *, reader_id: UUID, room_id: UUID, query: str, effort: Effort = Effort()
) -> list[Message]:
    """Return the messages that match `query` and that the reader may see, best first.

    Every word of the query must occur in some form. If few messages match, the newest ones that
    contain every part of the query as it is written follow: a letter, a stop word, an emoji, a part
    of a sentence without spaces. Then those follow that contain something similar. Case and accents
    do not matter.

    Returns:
        At most `LIMIT` messages with their authors; the reader's own also if only they see them.

    Raises:
        NoSuchRoom: There is no such room, or the reader may not read it.
        SearchTimedOut: The statements took longer than `effort` allows.
    """
    with search_budget(seconds=effort.seconds) as budget:
        return _search(reader_id, room_id, query, effort, budget)


def _search(
    reader_id: UUID, room_id: UUID, query: str, effort: Effort, budget: TimeBudget
) -> list[Message]:
    room = get_room(room_id=room_id, reader_id=reader_id)
    folded = fold(query)
    words = re.findall(r"\w+", folded)[:WORDS]
    parts = folded.replace(_VARIATION, "").split()[:WORDS]
    here = Message.objects.filter(room=room)
    # Two queries, since the search index contains published messages only.
    seen = (
        here.filter(status=Message.Status.APPROVED),
        here.filter(author=reader_id, status__in=OWN_UNSEEN),
    )
    found = _by_words(seen, words) if words else []
    if len(found) < effort.unless and parts:
        found += _by_parts(seen, parts, effort, budget)
    if len(found) < effort.unless and len(max(words, key=len, default="")) >= SHORTEST:
        found += _by_similarity(seen, words, effort, budget)
    first = list(dict.fromkeys(found))[:LIMIT]
    loaded = with_authors(Message.objects.all(), room_id=room.id).in_bulk(first)
    return [loaded[pk] for pk in first if pk in loaded]


def _by_words(seen: Iterable[QuerySet[Message]], words: list[str]) -> list[UUID]:
    query = reduce(and_, (_any_form(word) for word in words))
    score = SearchRank(_VECTOR, query) + _similarity(words)
    matching = [messages.alias(vector=_VECTOR).filter(vector=query) for messages in seen]
    return _best_first(ranked for messages in matching for ranked in _ranked(messages, score))


def _any_form(word: str) -> SearchQuery:
    return reduce(
        or_,
        (
            SearchQuery(form, config=language)
            for form in dict.fromkeys((word, *_other_forms(word)))
            for language in _LANGUAGES
        ),
    )


def _other_forms(word: str) -> Iterator[str]:
    for singular, plural in _ENDINGS:
        for ending, other in ((singular, plural), (plural, singular)):
            stem = word.removesuffix(ending)
            # A stem of one letter: pão and pães, but not mal and mais.
            if stem != word and len(stem) > (0 if singular == "ao" else 1):
                yield stem + other


def _similarity(words: list[str]) -> Expression:
    return TrigramWordSimilarity(" ".join(words), _FOLDED)


def _by_parts(
    seen: Iterable[QuerySet[Message]], parts: list[str], effort: Effort, budget: TimeBudget
) -> list[UUID]:
    """Find the newest messages that contain every part. A part that is a whole word ranks first."""
    found: set[_Ranked] = set()
    with suppress(BudgetSpent), budget.within(effort.milliseconds / 1000, reserve=LOADING):
        for messages in seen:
            alike = _newest(messages, effort.recent).alias(folded=_FOLDED)
            for part in parts:
                alike = alike.filter(folded__contains=part)
            found.update(_ranked(alike, _similarity(parts)))
    return _best_first(found)


def _by_similarity(
    seen: Iterable[QuerySet[Message]], words: list[str], effort: Effort, budget: TimeBudget
) -> list[UUID]:
    """Find similar messages among the newest, and among those with words of the same beginning."""
    score, beginnings = _similarity(words), _beginnings(words)
    found: set[_Ranked] = set()
    with (
        suppress(BudgetSpent),
        budget.within(effort.milliseconds / 1000, reserve=LOADING),
    ):
        for messages in seen:
            alike = (
                _newest(messages, effort.recent)
                .alias(similarity=score)
                .filter(similarity__gte=SIMILARITY)
            )
            found.update(_ranked(alike, score))
        for messages in seen:
            begun = messages.alias(vector=_VECTOR).filter(vector=beginnings)
            found.update(each for each in _ranked(begun, score) if each[0] >= SIMILARITY)
    return _best_first(found)


def _newest(messages: QuerySet[Message], number: int) -> QuerySet[Message]:
    older = messages.order_by("-position").values("position")[number : number + 1]
    return messages.filter(position__gt=Coalesce(Subquery(older), -1))


def _beginnings(words: list[str]) -> SearchQuery:
    """Match each word by its first half, since most typing errors come later."""
    halves = [word[: max(SHORTEST, (len(word) + 1) // 2)] for word in words]
    asked = " & ".join(f"'{half}':*" for half in halves)
    return SearchQuery(asked, config="simple", search_type="raw")


def _ranked(messages: QuerySet[Message], score: Expression) -> QuerySet[Message, _Ranked]:
    """Return the newest CANDIDATES with their scores."""
    scored = messages.annotate(score=score).order_by("-position", "-id")
    return scored.values_list("score", "position", "id")[:CANDIDATES]


def _best_first(found: Iterable[_Ranked]) -> list[UUID]:
    """Return the ids by score; equal scores newest first."""
    return [pk for _, _, pk in sorted(found, reverse=True)]
