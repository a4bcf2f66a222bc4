"""Finding what was said: full text in Portuguese and English, and likeness where words fail."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import reduce
from operator import and_, or_
from uuid import UUID

from django.contrib.postgres.search import (
    SearchQuery,
    SearchRank,
    SearchVectorField,
    TrigramWordSimilarity,
)
from django.db import connection, transaction
from django.db.models import Expression, F, Func, QuerySet, Subquery, TextField
from django.db.models.functions import Coalesce
from django.db.utils import OperationalError

from moderado.chat.models import Message
from moderado.chat.selectors.messages import OWN_UNSEEN
from moderado.chat.selectors.rooms import get_room

_Ranked = tuple[float, int, UUID]  # score, position, id

LIMIT = 100  # the best so many
CANDIDATES = 500  # ranked are the newest so many of those that match
RECENT = 5_000  # of these each is compared, about 10 µs each, where likeness is looked for
ENOUGH = 20  # found by their words: then nothing merely alike is looked for
WORDS = 12
SHORTEST = 3  # letters: less has no likeness worth showing

LIKENESS = 0.5  # of trigrams shared: a letter or two wrong
PATIENCE = "1500ms"  # likeness is help, and may not cost more than this

_LANGUAGES = ("portuguese", "english")
# What PostgreSQL's Portuguese stemmer leaves apart: mensagem and mensagens, canal and canais,
# reunião and reuniões. Asked for is the one as well as the other.
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
_MARKS = re.compile("[\u0300-\u036f]+")


def search(*, reader_id: UUID, room_id: UUID, query: str) -> list[Message]:
    """What `reader_id` may see of what answers `query`, best first, at most 100; authors loaded.

    Of their own, that is also what others do not see. Every word must occur, in some form of it.
    Only where that finds little, messages are added that hold something similar. Capitals and
    accents do not matter. Raises NoSuchRoom.
    """
    room = get_room(room_id=room_id, reader_id=reader_id)
    folded = fold(query)
    words = re.findall(r"\w+", folded)[:WORDS]
    if not words:
        return []
    here = Message.objects.filter(room=room)
    # Two questions, since the index of search holds what is published and nothing else.
    seen = (
        here.filter(status=Message.Status.APPROVED),
        here.filter(author=reader_id, status__in=OWN_UNSEEN),
    )
    found = _by_words(seen, words)
    if len(found) < ENOUGH and len(max(words, key=len)) >= SHORTEST:
        known = set(found)
        found += [pk for pk in _by_likeness(seen, words) if pk not in known]
    loaded = Message.objects.select_related("author").in_bulk(found[:LIMIT])
    return [loaded[pk] for pk in found[:LIMIT] if pk in loaded]


def fold(text: str) -> str:
    """Without accents and capitals: the same as the database's `chat_fold`."""
    return _MARKS.sub("", unicodedata.normalize("NFKD", text)).lower()


def _by_words(seen: Iterable[QuerySet[Message]], words: list[str]) -> list[UUID]:
    query = reduce(and_, (_any_form(word) for word in words))
    score = SearchRank(_VECTOR, query) + _likeness(words)
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
            # Of one letter: pão and pães, but not mal and mais.
            if stem != word and len(stem) > (0 if singular == "ao" else 1):
                yield stem + other


def _likeness(words: list[str]) -> Expression:
    return TrigramWordSimilarity(" ".join(words), _FOLDED)


def _by_likeness(seen: Iterable[QuerySet[Message]], words: list[str]) -> list[UUID]:
    """Best effort, and no index of its own: looked at are the newest messages, and those that hold
    words which begin alike. What cannot be had in time is left out."""
    score, beginnings = _likeness(words), _beginnings(words)
    found: set[_Ranked] = set()
    with suppress(OperationalError), transaction.atomic():  # the statement took too long
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [PATIENCE])
        for messages in seen:
            alike = _recent(messages).alias(likeness=score).filter(likeness__gte=LIKENESS)
            found.update(_ranked(alike, score))
        for messages in seen:
            begun = messages.alias(vector=_VECTOR).filter(vector=beginnings)
            found.update(each for each in _ranked(begun, score) if each[0] >= LIKENESS)
        transaction.set_rollback(True)  # nothing was written: it gives the setting back
    return _best_first(found)


def _recent(messages: QuerySet[Message]) -> QuerySet[Message]:
    """The newest RECENT of them."""
    older = messages.order_by("-position").values("position")[RECENT : RECENT + 1]
    return messages.filter(position__gt=Coalesce(Subquery(older), -1))


def _beginnings(words: list[str]) -> SearchQuery:
    """Every word by its first half: most slips come later."""
    halves = [word[: max(SHORTEST, (len(word) + 1) // 2)] for word in words]
    asked = " & ".join(f"'{half}':*" for half in halves)
    return SearchQuery(asked, config="simple", search_type="raw")


def _ranked(messages: QuerySet[Message], score: Expression) -> QuerySet[Message, _Ranked]:
    """The newest candidates."""
    scored = messages.annotate(score=score).order_by("-position", "-id")
    return scored.values_list("score", "position", "id")[:CANDIDATES]


def _best_first(found: Iterable[_Ranked]) -> list[UUID]:
    """Their ids; of equals the newest first."""
    return [pk for _, _, pk in sorted(found, reverse=True)]
