"""Compare costly texts with an ordinary one: `python -m benchmarks.matching`.

Prints the ratio of the CPU times for 4,000 characters, with the built-in lists and 4,800 own words
of one first letter. A ratio does not depend on the machine.
"""

import os
import random
import time
from collections.abc import Callable, Iterable
from string import ascii_lowercase

import django

from benchmarks.harness.offline import ENVIRONMENT

WORDS = 4_800
LENGTH = 4_000
LONGEST = 200  # characters of a listed word
SWAPPED = 5  # letters of a word whose third and fourth letters are swapped, at least
ROUNDS = 5
LISTS = ("pt-BR", "en")


def main() -> None:
    os.environ.update(ENVIRONMENT)
    django.setup()
    from moderado.moderation.rules import pack  # noqa: PLC0415  (Django is set up by now)
    from moderado.moderation.rules.group import rules_of  # noqa: PLC0415
    from moderado.moderation.rules.matcher import Matcher  # noqa: PLC0415

    chance = random.Random(1)
    words = sorted(
        {
            "p" + "".join(chance.choices(ascii_lowercase, k=chance.randint(3, 11)))
            for _ in range(WORDS)
        }
    )
    own = {"category": "spam", "severity": 0.5, "action": "flag", "words": words}
    rules = [rule for name in LISTS for rule in pack.load(name).rules]
    matcher = Matcher(rules=[*rules, *rules_of(own)])

    def cost(texts: Iterable[str], matcher: Matcher = matcher) -> float:
        best = float("inf")
        for text in texts:
            began = time.process_time()
            matcher.find(text)
            best = min(best, time.process_time() - began)
        return best

    def report(name: str, took: float) -> None:
        print(f"{name:24} {took * 1000:7.2f} ms   {took / ordinary:6.1f} x")

    ordinary = cost([("bom dia, gente, tudo bem por aqui? " * LENGTH)[:LENGTH]] * ROUNDS)
    print(f"{'ordinary':24} {ordinary * 1000:7.2f} ms")
    for name, text in _costly(words, chance).items():
        report(name, cost([text] * ROUNDS))
    for name, new in _new(words, chance).items():
        report(name, cost(" ".join(new() for _ in range(LENGTH))[:LENGTH] for _ in range(ROUNDS)))
    for name, (nested, match, text) in _nested().items():
        lists = Matcher(rules=rules_of(own | {"words": nested, "match": match}))
        report(name, cost([(text * LENGTH)[:LENGTH]] * ROUNDS, lists))


def _new(words: list[str], chance: random.Random) -> dict[str, Callable[[], str]]:
    """Return what makes words that no text had before: nothing is remembered of them."""

    def letters(some: str, length: int) -> str:
        return "".join(chance.choices(some, k=length))

    def altered() -> str:
        word = chance.choice(words)
        return f"{word[0]}{word[2]}{word[1]}{word[3:]}{letters(ascii_lowercase, 1)}"

    return {
        "new words": lambda: letters(ascii_lowercase, 5),
        "new words like own ones": altered,
        "new masked words": lambda: f"p{letters(ascii_lowercase + '***', 7)}",
        "new words with digits": lambda: letters(ascii_lowercase + "013457@$", 7),
    }


def _nested() -> dict[str, tuple[list[str], str, str]]:
    """Return lists of words that end with each other, how they match, and what a text repeats."""
    letters = ["a" * length for length in range(1, LONGEST + 1)]
    pairs = ["ab" * times for times in range(1, LONGEST // 2 + 1)]
    return {
        "nested words": (letters, "whole", "aaaa "),
        "nested anywhere": (letters, "anywhere", "a"),
        "nested pairs anywhere": (pairs, "anywhere", "ab"),
        "nested beginnings": (letters, "prefix", "a" * 40 + " "),
        "nested phrases": (["a " * each for each in range(1, LONGEST // 2)], "whole", "a "),
        "nested phrases of pairs": (
            ["ab " * each for each in range(1, LONGEST // 3)],
            "whole",
            "ab ",
        ),
    }


def _costly(words: list[str], chance: random.Random) -> dict[str, str]:
    def filled(piece: str) -> str:
        return (piece * LENGTH)[:LENGTH]

    masked = " ".join(f"{word[:2]}*{word[3:]}" for word in chance.choices(words, k=LENGTH))
    long = [word for word in words if len(word) > SWAPPED]
    swapped = " ".join(
        f"{word[:2]}{word[3]}{word[2]}{word[4:]}" for word in chance.choices(long, k=LENGTH)
    )
    return {
        "masked own words": masked[:LENGTH],
        "short masked words": filled("p*a "),
        "rare characters": "".join(map(chr, chance.sample(range(0x10000, 0x20000), LENGTH))),
        "random characters": "".join(map(chr, chance.choices(range(0x20, 0x3000), k=LENGTH))),
        "separated letters": filled("p.u.t.a "),
        "hyphens": filled("pu-ta "),
        "digits for letters": filled("p0rr4 "),
        "repeated letters": filled("puuutaaa "),
        "many hits": filled("idiota "),
        "misspelled own words": swapped[:LENGTH],
        "signs": filled("|_|\\/|-|+ "),
        "letters apart": filled("p u t a "),
        "markup": filled("<b>a</b>&#112;"),
        "look-alikes": filled("卩ㄖ尺尺卂 "),
    }


if __name__ == "__main__":
    main()
