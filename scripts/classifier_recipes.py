"""What each head of the classifier is trained on: sources, labels, weights, licence.

`docs/classifier.md` gives the reasons and the figures.
"""

from dataclasses import dataclass
from pathlib import Path

from corpora import Labelled, Part, read

from moderado.moderation.classifier.train import Example

# A text that one of three annotators calls abusive is abusive in the sense of the corpus.
SHARE_BY_VOTES = (0.0, 0.5, 0.8, 1.0)

BY_SA = "CC-BY-SA-4.0"


@dataclass(frozen=True)
class Source:
    """A corpus in a recipe.

    Attributes:
        weight: Of an abusive and of an ordinary text.
        label: Of an abusive and of an ordinary text, where annotators did not vote.
        sets_thresholds: Whether its ordinary texts are ordinary enough to set thresholds.
    """

    file: str
    title: str
    licence: str
    weight: tuple[float, float] = (1.0, 1.0)
    label: tuple[float, float] = (1.0, 0.0)
    sets_thresholds: bool = True

    def example(self, row: Labelled) -> Example:
        """Return a row for training."""
        place = 0 if row.label else 1
        share = self.label[place] if row.votes is None else SHARE_BY_VOTES[row.votes]
        return Example(row.text, share, self.weight[place])


@dataclass(frozen=True)
class Recipe:
    """How a head is made.

    Attributes:
        held: Names a file that is held as a whole.
        share: The share of abusive texts that scores assume; 0: that of the texts.
    """

    name: str
    language: str
    licence: str
    sources: tuple[Source, ...]
    held: str = ""
    share: float = 0.0

    def rows(self, folder: Path, source: Source, part: Part) -> list[Labelled]:
        """Return the rows of a source that serve for `part`."""
        rows = read(folder / source.file)
        if self.held and source is self.sources[0]:
            if part is Part.HELD:
                return read(folder / self.held)
            is_training = part is Part.TRAINING
            return [row for row in rows if (row.part is not Part.CALIBRATION) == is_training]
        return [row for row in rows if row.part is part]


_TUPY = Source("tupy_train.csv", "TuPy-Dataset", "MIT", weight=(2.5, 2.5))

RECIPES = (
    Recipe(
        name="pt",
        language="pt",
        licence=BY_SA,
        sources=(Source("told_train.csv", "ToLD-Br", BY_SA), _TUPY),
        held="told_val.csv",
    ),
    Recipe(name="pt-permissive", language="pt", licence="MIT", sources=(_TUPY,)),
    Recipe(
        name="en",
        language="en",
        licence=BY_SA,
        sources=(
            # Its texts were found with a lexicon: four of five are abusive, and ordinary African
            # American English is over-represented among them.
            Source(
                "davidson_train.csv",
                "hate-speech-and-offensive-language",
                "MIT",
                weight=(0.2, 1.0),
                label=(0.9, 0.0),
            ),
            Source(
                "civil_toxicspans.csv",
                "toxic_spans (Civil Comments)",
                "CC0-1.0",
                # Its abusive texts look like its ordinary ones, and raise the scores of both.
                weight=(0.25, 1.0),
                label=(0.9, 0.05),
                sets_thresholds=False,
            ),
            Source("cat_wikipedia_neutral_train.csv", "Wikipedia comments of CAT_LARGE", BY_SA),
        ),
        # So that one threshold serves both languages: few ordinary texts reach it. Two of three
        # texts of these corpora are abusive, because they were searched for abuse.
        share=0.22,
    ),
)
