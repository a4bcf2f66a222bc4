"""This project's own sentences for training, by language: what corpora of abuse lack."""

import tomllib
from pathlib import Path

from moderado.moderation.classifier.train import Example

# Weights by kind: a corpus has one example of weight 1 a text.
IDENTITY_WEIGHT = 0.45
ORDINARY_WEIGHT = 3.0
SWEARING_WEIGHTS = {"pt": 5.0, "en": 15.0}  # the English corpora have hardly any unaimed swearing
SWEARING_LABEL = 1 / 3


def own_examples(language: str) -> list[Example]:
    """Return the sentences of a language, `pt` or `en`. Raises OSError for another one."""
    written = tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text("utf-8"))
    identity = {
        sentence.format(m=masculine, f=feminine)
        for sentence in written["neutral"]
        for masculine, feminine in written["words"]
    }
    return [
        *(Example(text, 0.0, IDENTITY_WEIGHT, is_written=True) for text in sorted(identity)),
        *(Example(text, 0.0, ORDINARY_WEIGHT, is_written=True) for text in written["ordinary"]),
        *(
            Example(text, SWEARING_LABEL, SWEARING_WEIGHTS[language], is_written=True)
            for text in written["swearing"]
        ),
    ]
