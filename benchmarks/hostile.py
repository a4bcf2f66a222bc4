"""Look for texts and lists that make the matcher slow: `python -m benchmarks.hostile`.

Prints, for each list of own words beside the built-in ones, the CPU time of the dearest kinds of
texts of 4,000 characters: the median of some texts. Each text is new: nothing is remembered of its
pieces. The own words are a list of their own, as those of a rule set are.
"""

import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from string import ascii_letters, ascii_lowercase

import django

from benchmarks.harness.offline import ENVIRONMENT

LENGTH = 4_000
WORDS = 20_000
FEWER_WORDS = 4_800
ROUNDS = 5
SHOWN = 12
_FEW_LETTERS = "abeporst"
_SYLLABLES = [a + b for a in "bcdfglmnprstvz" for b in "aeiou"]
_MASKS = "*#%_&?■█▇●•✱⁎∗"
_COMIC = "#@%&!$*?"
_SIGNS = "|\\/-_()[]{}<>^+~'`@$!3401578:;.,"
_DRAWN = ["|_|", "\\/", "|-|", "+", "()", "|)", "/\\", "|3"]
_LEET = str.maketrans("aeiostbgz", "431057869")
_TURNED = str.maketrans("aeghmrtvwy", "ɐǝƃɥɯɹʇʌʍʎ")
_ALL_TURNED = str.maketrans(ascii_lowercase, "ɐqɔpǝɟƃɥıɾʞlɯuodbɹsʇnʌʍxʎz")
_CYRILLIC = str.maketrans("aceopxyhkmt", "асеорхуһкмт")
_WIDE = {ord(letter): ord(letter) + 0xFEE0 for letter in ascii_lowercase}
_NO_VOWELS = dict.fromkeys(map(ord, "aeiou"))
_STYLES = (0x1D41A, 0x1D44E, 0x24D0, 0x1D552)  # code points of an "a" in styles
_GAPS = {
    "dots": ".", "hyphens": "-", "spaces": " ", "lines": "\n", "emoji": "😀",
    "zero width": "\u200b",
    "slashes": "/", "bars": "|", "asterisks": "*", "underscores": "_", "pluses": "+", "ones": "1",
}  # fmt: skip


def lists(chance: random.Random) -> Iterator[tuple[str, list[str]]]:
    """Yield lists of words by what is hostile about them."""

    def some(make: Callable[[], str], number: int = WORDS) -> list[str]:
        words: set[str] = set()
        while len(words) < number:
            words.add(make())
        return sorted(words)

    def letters(of: str, least: int, most: int) -> str:
        return "".join(chance.choices(of, k=chance.randint(least, most)))

    yield "one first letter", some(lambda: "p" + letters(ascii_lowercase, 3, 11))
    few = some(lambda: "p" + letters(ascii_lowercase, 3, 11), FEWER_WORDS)
    yield "fewer words, one first letter", few
    yield "few letters", some(lambda: letters(_FEW_LETTERS, 5, 9))
    yield "one length", some(lambda: letters(ascii_lowercase, 8, 8))
    yield "syllables", some(lambda: "".join(chance.choices(_SYLLABLES, k=4)))
    yield "four letters", some(lambda: letters(ascii_lowercase, 4, 4))
    longest = [letters(_FEW_LETTERS, 40, 40) for _ in range(WORDS // 37)]
    yield "beginnings", [word[:end] for word in longest for end in range(4, 41)]


@dataclass
class Texts:
    """Makes texts that resemble the words of a list."""

    words: list[str]
    chance: random.Random

    def kinds(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yield what makes a text of each kind."""
        for name, piece in self._pieces().items():
            yield name, self._maker(piece, " ")
        for name, gap in _GAPS.items():
            yield f"apart by {name}", self._maker(gap.join, " ")
            yield f"only {name}", self._maker(gap.join, gap)
        yield "apart by wide gaps", self._maker("   ".join, "      ")
        yield "capitals without spaces", self._maker(str.title, "")
        yield "characters of ASCII", lambda: self._characters(32, 127)
        yield "characters of many scripts", lambda: self._characters(32, 0x3000)

    def _characters(self, first: int, end: int) -> str:
        return "".join(chr(self.chance.randrange(first, end)) for _ in range(LENGTH))

    def _maker(self, piece: Callable[[str], str], gap: str) -> Callable[[], str]:
        """Return what makes a text of what `piece` makes of words."""
        return lambda: gap.join(piece(self._word()) for _ in range(LENGTH // 3))[:LENGTH]

    def _word(self) -> str:
        return self.chance.choice(self.words)

    def _some(self, of: str, least: int, most: int) -> str:
        return "".join(self.chance.choices(of, k=self.chance.randint(least, most)))

    def _changed(self, word: str, share: float, change: Callable[[str], str]) -> str:
        return "".join(change(each) if self.chance.random() < share else each for each in word)

    def _masked(self, word: str, share: float, signs: str) -> str:
        return word[0] + self._changed(word[1:], share, lambda _: self.chance.choice(signs))

    def _pieces(self) -> dict[str, Callable[[str], str]]:
        some, changed, masked = self._some, self._changed, self._masked
        letters = "".join(sorted(set("".join(self.words))))
        return {
            "own words": str,
            "new words": lambda _: some(ascii_lowercase, 5, 5),
            "new words of its letters": lambda _: some(letters, 4, 8),
            "a swapped and a new letter": lambda word: f"{word[0]}{word[2]}{word[1]}{word[3:]}x",
            "other letters": lambda word: changed(word, 0.2, lambda _: some(letters, 1, 1)),
            "glued": lambda word: word + self._word(),
            "one in four masked": lambda word: masked(word, 0.25, "*"),
            "one in two masked": lambda word: masked(word, 0.5, "*"),
            "three in four masked": lambda word: masked(word, 0.75, "*"),
            "many kinds of masks": lambda word: masked(word, 0.5, _MASKS),
            "signs of comics": lambda word: word[:2] + some(_COMIC, 3, 8),
            "every other letter masked": lambda _: "*".join(some(letters, 8, 20)),
            "runs of masks": lambda word: word[:2] + some("*", 1, 4) + word[4:],
            "scarcely visible": lambda word: word[:2] + "*" * (len(word) - 2),
            "digits for letters": lambda word: changed(word, 0.5, lambda at: at.translate(_LEET)),
            "letters and signs": lambda _: some(f"{letters}.-*@|/\\_^!", 12, 60),
            "masks and digits": lambda _: some(f"{letters}*013457", 8, 20),
            "mixed": lambda word: changed(word, 0.4, lambda at: at + some(".-*@|/\\_^", 1, 1)),
            "anything between": lambda word: changed(word, 1, lambda at: at + some(".-/*😀", 1, 1)),
            "signs": lambda _: some(_SIGNS, 4, 64),
            "drawn letters": lambda _: "".join(self.chance.choices(_DRAWN, k=8)),
            "repeated letters": lambda word: changed(word, 0.5, lambda at: at * 2),
            "backwards": lambda word: word[::-1],
            "cut in two": lambda word: f"{word[:3]} {word[3:]}",
            "cut by lines": lambda word: f"{word[:3]}\n{word[3:]}",
            "vowels left out": lambda word: word[0] + word[1:].translate(_NO_VOWELS),
            "percent-encoded": lambda word: word.replace(word[1], f"%25{ord(word[1]):x}"),
            "entities": lambda word: word.replace(word[1], f"&#{ord(word[1])};"),
            "combining marks": lambda word: changed(word, 1, lambda at: at + "\u0301\u0363"),
            "base64": lambda _: some(f"{ascii_letters}0123456789+/", 8, 30),
            "upside down": lambda word: word.translate(_TURNED),
            "all letters upside down": lambda word: word.translate(_ALL_TURNED)[::-1],
            "all percent-encoded": lambda word: "".join(f"%{ord(at):x}" for at in word),
            "all entities": lambda word: "".join(f"&#{ord(at)};" for at in word),
            "all masks but the ends": lambda word: f"{word[0]}{'*' * (len(word) - 2)}{word[-1]}",
            "look-alikes": lambda word: word.translate(_CYRILLIC),
            "wide letters": lambda word: word.translate(_WIDE),
            "styles": lambda word: "".join(
                chr(ord(at) - ord("a") + self.chance.choice(_STYLES)) for at in word
            ),
            "markup": lambda word: changed(word, 1, lambda at: f"<b>{at}</b>"),
        }  # fmt: skip


def main() -> None:
    os.environ.update(ENVIRONMENT)
    django.setup()
    from moderado.moderation.rules import pack  # noqa: PLC0415  (Django is set up by now)
    from moderado.moderation.rules.group import rules_of  # noqa: PLC0415
    from moderado.moderation.rules.matcher import Matcher  # noqa: PLC0415

    packs = Matcher(rules=[rule for name in ("pt-BR", "en") for rule in pack.load(name).rules])
    for name, words in lists(random.Random(1)):
        own = {"category": "spam", "severity": 0.5, "action": "flag", "words": words}
        matcher = Matcher(rules=rules_of(own), base=packs)
        matcher.find("xqzptr xq*ptr")  # builds what is built for the first word of its kind
        costs: list[tuple[float, str]] = []
        for kind, make in Texts(words, random.Random(2)).kinds():
            cost = statistics.median(_seconds(matcher.find, make()) for _ in range(ROUNDS))
            costs.append((cost, kind))
        print(f"{len(words)} own words: {name}")
        for cost, kind in sorted(costs, reverse=True)[:SHOWN]:
            print(f"  {kind:32} {cost * 1000:7.1f} ms", flush=True)


def _seconds(find: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    find(text)
    return time.process_time() - began


if __name__ == "__main__":
    main()
