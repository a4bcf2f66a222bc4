"""Judges how each matched word is used: aimed at a person, quoted, said of oneself, or harmless.

Runs on matches only, so that a text without any costs nothing. A disguised word is judged by the
words around it, like any other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from moderado.moderation.normalize import Folded
from moderado.moderation.rules.addresses import beside, is_glued_to_address
from moderado.moderation.rules.cues import BOTH, compiled, cues_of, is_of_no_one
from moderado.moderation.rules.hits import Hit
from moderado.moderation.rules.names import is_acronym, is_in_route, is_name
from moderado.moderation.rules.other_words import is_of_initials, is_other_word
from moderado.moderation.rules.others import is_about, is_banter
from moderado.moderation.rules.rule import Match, Rule, Shape
from moderado.moderation.rules.spelling import MISSPELLED, is_as_spoken, is_disguised
from moderado.moderation.rules.surroundings import Context, Surroundings
from moderado.moderation.rules.titles import is_work, opens_with_article, title_around
from moderado.moderation.types import Category, Outcome, Usage

_OURS = ("", "pt", "en")
_WORDS_OF_A_REPORT = 2  # outside of the quotation marks
_LAUGHING = ("😂", "🤣", "😹")
_WIDEST_GAP = 8
_BETWEEN = frozenset(
    f" {words} " for words in (",", "e", "de", "da", "do", "and", "of", "seu", "sua", "you")
) | {" "}
_DIRECTED = (Usage.AIMED, Usage.JOKED, Usage.ABOUT)
_ADDRESSED, _PERSONAL = (Shape.NAME, Shape.CURSE), (Shape.NAME, Shape.EVERYDAY, Shape.CONTEMPT)
_PRIDE = ("pride", "own_after")
_FRIENDLY, _DENIED = {"friendly"}, {"self_before", "denied_before"}  # "I am no fool"
_REPORTS = ("reported_before", "reported_after")
_AIMED = (Usage.AIMED, Usage.JOKED)
_ADDRESS = {Shape.EVERYDAY: "address", Shape.CONTEMPT: "contempt_before"}
_SAID = ("aimed_before", "aimed_after", "about_before")
_CALLED_FIRST = {"opened_before", "ordered_after"}  # "otário, aprende a ler"
_SWEARING = {Category.PROFANITY, Category.INSULT}
_JOKES = {*_SWEARING, Category.HARASSMENT, Category.THREAT}


@dataclass(slots=True)
class _Earlier:
    """The match before the one that is being judged."""

    hit: Hit
    place: int  # among the hits that are kept
    opens: bool  # stands at the beginning of a clause


def judged(hits: Iterable[Hit], folded: Folded, text: str) -> list[Hit]:
    """Return the hits with their usage, without those that mean nothing, in the order of the text.

    Args:
        hits: The matches of one text, as code points of the original.
        folded: The folded text.
        text: The text as written.
    """
    context, kept = Context(folded, text), list[Hit]()
    earlier: _Earlier | None = None
    expletives_end = 0
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if is_of_initials(hit, text):
            continue
        around = beside(hit, context)
        cues = _cues(hit.rule, around, context)
        usage = _usage(hit, context, around, cues)
        if usage is None or (usage not in _AIMED and is_other_word(hit, text)):
            continue
        if usage not in _AIMED and hit.rule.expletive is not None and hit.end <= expletives_end:
            usage = Usage.EXPLETIVE  # part of a longer one: "puta" in "puta que pariu"
        used = replace(hit, usage=usage)
        if earlier and used.usage is Usage.PLAIN and hit.rule.aimed is not None:
            used = _with_earlier(used, earlier, around, cues, context)
            if used.usage is Usage.AIMED and earlier.hit.usage is Usage.PLAIN:
                kept[earlier.place] = replace(earlier.hit, usage=Usage.AIMED)
        if usage is Usage.EXPLETIVE:
            expletives_end = max(expletives_end, hit.end)
            kept.append(used)  # the log shows why nothing follows
        elif used.outcome is not Outcome.ALLOW:
            earlier = _Earlier(used, len(kept), around.before in (" . ", " "))
            kept.append(used)
    return _in_one_register(kept, context) if expletives_end else kept


def harmless(hits: Iterable[Hit], folded: Folded, text: str) -> list[Hit]:
    """Return the hits that mean nothing where they stand, such as "piranha" beside "frita"."""
    context = Context(folded, text)
    placed = ((hit, beside(hit, context)) for hit in hits)
    cued = ((hit, at, _cues(hit.rule, at, context)) for hit, at in placed)
    return [hit for hit, at, cues in cued if _usage(hit, context, at, cues) is None]


def _in_one_register(hits: list[Hit], context: Context) -> list[Hit]:
    """Read the other swear words of a text like its expletives: its author swears as they speak."""
    expletives = [hit for hit in hits if hit.usage is Usage.EXPLETIVE]
    first_end = min(hit.end for hit in expletives)
    last_start = max(hit.start for hit in expletives)
    return [
        replace(hit, usage=Usage.EXPLETIVE)
        if (first_end <= hit.start or hit.end <= last_start) and _may_add_force(hit, context)
        else hit
        for hit in hits
    ]


def _may_add_force(hit: Hit, context: Context) -> bool:
    return hit.usage is Usage.PLAIN and _may_only_curse(hit, context)


def _may_only_curse(hit: Hit, context: Context) -> bool:
    """Tell whether a word names no person, and is written as it is spoken."""
    is_swearing = hit.rule.shape is Shape.SWEAR and hit.rule.expletive is not None
    return is_swearing and is_as_spoken(hit, context.text)


def _with_earlier(
    hit: Hit, earlier: _Earlier, around: Surroundings, cues: frozenset[str], context: Context
) -> Hit:
    """Judge a word that follows another one: "seu idiota desgraçado", "idiota desgraçado"."""
    gap = hit.start - earlier.hit.end
    if not 0 <= gap <= _WIDEST_GAP or context.between(earlier.hit.end, hit.start) not in _BETWEEN:
        return hit
    stands_alone = hit.rule.shape is Shape.NAME or "closed" in cues
    if earlier.hit.usage in _DIRECTED and stands_alone:
        return replace(hit, usage=earlier.hit.usage)
    names = hit.rule.category is earlier.hit.rule.category is Category.INSULT
    if names and earlier.opens and around.after == " . " and earlier.hit.usage is Usage.PLAIN:
        return replace(hit, usage=Usage.AIMED)
    return hit


def _usage(hit: Hit, context: Context, around: Surroundings, cues: frozenset[str]) -> Usage | None:
    """Return how a word is used; None if it is harmless here."""
    rule = hit.rule
    if is_disguised(hit):
        cues -= _FRIENDLY
    elif _is_harmless(hit, context, around) or _is_named(hit, context, around, cues):
        return None
    if rule.language and _is_foreign(hit, context):
        return None if rule.native or hit.reading in MISSPELLED else Usage.FOREIGN
    if quotation := context.quotation(hit.start, hit.end):
        return _quoted(rule, context, quotation)
    if _is_told_of(hit, context, cues):
        return Usage.EXPLETIVE if _may_only_curse(hit, context) else Usage.REPORTED
    if rule.is_personal and _is_own(rule, cues):
        if _is_pride(rule, cues) or _is_self_mockery(hit, cues):
            return None
        usage = Usage.OWN
    else:
        usage = _directed(rule, context, around, cues)
        if usage is Usage.PLAIN and is_glued_to_address(hit, context.text):
            usage = Usage.AIMED
    is_aimed = usage in _AIMED
    return Usage.EXPLETIVE if not is_aimed and _is_expletive(hit, context, around) else usage


def _is_expletive(hit: Hit, context: Context, around: Surroundings) -> bool:
    """Tell whether a swear word, written as it is spoken, is said to no person and of none."""
    rule = hit.rule
    if rule.expletive is None or not is_as_spoken(hit, context.text):
        return False
    if _is_whole(around) and "!" not in context.text:
        return False  # a bare word may mean anything
    spoken = cues_of(rule.language)
    return len(spoken) == 1 and spoken[0].is_expletive(rule.shape, rule.text, around)


def _is_harmless(hit: Hit, context: Context, around: Surroundings) -> bool:
    rule, place = hit.rule, (context.text, hit.start, hit.end)
    if (rule.acronym and is_acronym(*place)) or is_in_route(*place):
        return True
    return bool(rule.unless) and compiled(rule.unless).shows(around)


def _is_named(hit: Hit, context: Context, around: Surroundings, cues: frozenset[str]) -> bool:
    """Tell whether a word is written as a name, and the person with it is not the reader."""
    if hit.reading or "aimed_after" in cues:
        return False
    portuguese = hit.rule.language[:2] == "pt" or context.language == "pt"
    place = (context.text, hit.start, hit.end)
    return is_name(hit.rule.text, *place, around, portuguese=portuguese)


def _is_foreign(hit: Hit, context: Context) -> bool:
    """Tell whether a word is one of another language, or was misspelled only in a foreign one."""
    rule = hit.rule
    if (language := context.language) not in _OURS:
        return True
    other = language not in ("", rule.language[:2])
    return other and (rule.native or hit.reading in MISSPELLED)


def _directed(rule: Rule, context: Context, around: Surroundings, cues: frozenset[str]) -> Usage:
    if rule.match is not Match.PATTERN:
        if is_of_no_one(cues):
            return Usage.PLAIN
        if not _is_aimed(rule, around, cues) or is_banter(rule, around):
            return Usage.ABOUT if is_about(rule, around, cues) else Usage.PLAIN
    elif rule.category is Category.THREAT and any(
        at.is_trivial(around) for at in cues_of(rule.language)
    ):
        return Usage.HYPERBOLE
    if rule.language and rule.category in _JOKES and ("laughter" in cues or _laughs(context.text)):
        return Usage.JOKED
    return Usage.AIMED


def _is_aimed(rule: Rule, around: Surroundings, cues: frozenset[str]) -> bool:
    if rule.aimed is None:
        return False
    if "aimed_after" in cues or _is_called(rule, around, cues):
        return True
    closed = "closed" in cues
    match rule.shape:
        case Shape.NAME:
            return closed and "called_before" in cues
        case Shape.CURSE:
            return closed and ("called_before" in cues or _is_whole(around))
        case Shape.SWEAR:
            return closed and "named" in cues
        case Shape.EVERYDAY | Shape.CONTEMPT:
            return closed and _ADDRESS[rule.shape] in cues and "praise" not in cues


def _is_called(rule: Rule, around: Surroundings, cues: frozenset[str]) -> bool:
    """Tell whether a word is what the reader is called: by an address, or before an order."""
    if rule.shape in _ADDRESSED:
        return cues >= _CALLED_FIRST or _is_addressed(around)
    return rule.category is Category.HATE and cues >= _CALLED_FIRST


def _is_addressed(around: Surroundings) -> bool:
    """Tell whether a person is addressed, in either language: "you otário"."""
    return any(at.aims(around.before) for at in BOTH)


def _is_whole(around: Surroundings) -> bool:
    """Tell whether there are no other words: "vai tomar no cu!"."""
    return not any(map(str.isalnum, f"{around.before}{around.after}"))


def _is_pride(rule: Rule, cues: frozenset[str]) -> bool:
    return rule.reclaimed and not cues.isdisjoint(_PRIDE)


def _is_self_mockery(hit: Hit, cues: frozenset[str]) -> bool:
    """Tell whether the author speaks only of themselves: "I am such an idiot", "I am no idiot"."""
    if hit.rule.category is not Category.INSULT or is_disguised(hit):
        return False
    is_complete = not cues.isdisjoint(("own_after", "closed"))
    return is_complete and "self_before" in cues and "aimed_after" not in cues


def _is_own(rule: Rule, cues: frozenset[str]) -> bool:
    if rule.reclaimed:
        return not cues.isdisjoint(("own_before", "friendly", "pride"))
    return rule.shape in _PERSONAL and ("own_before" in cues or cues >= _DENIED)


def _quoted(rule: Rule, context: Context, quotation: tuple[int, int]) -> Usage:
    """Judge a quoted match by the words outside of the quotation marks."""
    outside = context.around(*quotation)
    words = [word for word in f"{outside.before}{outside.after}".split() if word.isalnum()]
    aimed = _is_addressed(outside)
    if rule.outcome is Outcome.ALLOW and not aimed:
        return Usage.PLAIN
    if len(words) < _WORDS_OF_A_REPORT or aimed:
        return Usage.QUOTED
    return Usage.REPORTED


def _is_told_of(hit: Hit, context: Context, cues: frozenset[str]) -> bool:
    if not hit.reading and _is_titled(hit, context, cues):
        return True
    return not cues.isdisjoint(_REPORTS) and "told_before" not in cues


def _is_titled(hit: Hit, context: Context, cues: frozenset[str]) -> bool:
    """Tell whether a word belongs to a title. With an article it need not name a work."""
    if hit.rule.category not in _JOKES or not (row := title_around(context, hit.start, hit.end)):
        return False
    around = context.around(*row)
    if is_work(context.text, *row, around):
        return True
    if not opens_with_article(context.text, row[0]) or not cues.isdisjoint(_SAID):
        return False
    return not _is_addressed(around) and not any(at.is_hostile(around) for at in BOTH)


def _laughs(text: str) -> bool:
    return not text.isascii() and any(sign in text for sign in _LAUGHING)


def _cues(rule: Rule, around: Surroundings, context: Context) -> frozenset[str]:
    """Return the cues of the languages of the rule and of the text; of both if it has none."""
    spoken = cues_of(rule.language, context.language)
    return frozenset[str]().union(*(at.found(around) for at in spoken))
