"""Judges an export, batch by batch."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from moderado.moderation.audit.lines import Line
from moderado.moderation.audit.tally import Tally
from moderado.moderation.services.judging import judge_texts
from moderado.moderation.services.policy_lookup import Chain

BATCH = 256


def audit(
    lines: Iterable[Line | None],
    tally: Tally,
    *,
    policy: Chain,
    progress: Callable[[int], object],
) -> None:
    """Judge all messages by the local providers and count the verdicts. Nothing is stored.

    Args:
        lines: From a reader of `exports.READERS`.
        tally: Counts.
        policy: The versions that decide.
        progress: Receives the number of messages of each batch that is done.
    """
    for batch in _batches(lines):
        messages = [_encodable(line) for line in batch if line is not None]
        for _ in range(len(batch) - len(messages)):
            tally.skip()
        verdicts = judge_texts([line.text for line in messages], policy=policy)
        for line, verdict in zip(messages, verdicts, strict=True):
            tally.add(line, verdict)
        progress(len(batch))


def _encodable(line: Line) -> Line:
    """Replace unpaired surrogates, which JSON may contain and no file can."""
    author, text = (part.encode(errors="replace").decode() for part in (line.author, line.text))
    return Line(author, text, line.at)


def _batches(lines: Iterable[Line | None]) -> Iterator[list[Line | None]]:
    iterator = iter(lines)
    while batch := list(islice(iterator, BATCH)):
        yield batch
