"""Neutral sentences about identities: a policy that holds them punishes people for who they are."""

import tomllib
from functools import cache
from importlib import resources

_FILE = ("evaluation", "identity.toml")


@cache
def identity_sentences() -> tuple[str, ...]:
    """Return every sentence with every word of its language; none if the file is not installed."""
    file = resources.files("moderado.moderation").joinpath(*_FILE)
    if not file.is_file():
        return ()
    languages = tomllib.loads(file.read_text("utf-8"))
    return tuple(
        sentence.format(m=masculine, f=feminine)
        for language in languages.values()
        for sentence in language["sentences"]
        for masculine, feminine in language["words"]
    )
