"""Reads the texts of judged subjects again. Moderation keeps none of them.

The context that owns a type of subject provides its texts (`wiring`). A text that was edited or
erased since is not found.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from uuid import UUID

from moderado.moderation.models import SubjectRevision

Revision = tuple[UUID, int]  # the id of a subject, and its revision
Texts = Mapping[Revision, str]
Source = Callable[[Collection[Revision]], Texts]

Previous = Callable[[Collection[UUID]], Mapping[UUID, Sequence[str]]]

Subject = tuple[str, UUID]  # the type of a subject, and its id
Authors = Callable[[Collection[UUID]], Mapping[UUID, UUID]]

_sources: dict[str, Source] = {}
_authors: dict[str, Authors] = {}
_previous: dict[str, Previous] = {}


def provide_texts(
    subject_type: str,
    source: Source,
    previous: Previous | None = None,
    authors: Authors | None = None,
) -> None:
    """Name the functions that read the texts of a type of subject.

    Args:
        subject_type: The type.
        source: Reads the texts of revisions.
        previous: Reads what the author wrote just before, for texts that are read together.
        authors: Reads who wrote subjects.
    """
    _sources[subject_type] = source
    if previous is not None:
        _previous[subject_type] = previous
    if authors is not None:
        _authors[subject_type] = authors


def texts_of(revisions: Iterable[tuple[str, UUID, int]]) -> dict[tuple[str, UUID, int], str]:
    """Return the texts that still exist, by type, id and revision of their subjects.

    One query for each type of subject.
    """
    wanted: dict[str, set[Revision]] = {}
    for subject_type, subject_id, revision in revisions:
        wanted.setdefault(subject_type, set()).add((subject_id, revision))
    found: dict[tuple[str, UUID, int], str] = {}
    for subject_type, theirs in wanted.items():
        source = _sources.get(subject_type)
        texts = source(theirs) if source else _of_subjects(subject_type, theirs)
        found |= {(subject_type, *revision): text for revision, text in texts.items()}
    return found


def previous_texts_of(
    revisions: Iterable[tuple[str, UUID, int]],
) -> dict[tuple[str, UUID, int], Sequence[str]]:
    """Return what the authors wrote just before, where it is read together with the text."""
    wanted: dict[str, dict[UUID, int]] = {}
    for subject_type, subject_id, revision in revisions:
        if subject_type in _previous and revision == 1:
            wanted.setdefault(subject_type, {})[subject_id] = revision
    return {
        (subject_type, subject_id, theirs[subject_id]): texts
        for subject_type, theirs in wanted.items()
        for subject_id, texts in _previous[subject_type](theirs).items()
    }


def authors_of(subjects: Iterable[Subject]) -> dict[Subject, UUID]:
    """Return who wrote subjects; those without a known author are absent."""
    wanted: dict[str, set[UUID]] = {}
    for subject_type, subject_id in subjects:
        wanted.setdefault(subject_type, set()).add(subject_id)
    found: dict[Subject, UUID] = {}
    for subject_type, ids in wanted.items():
        source = _authors.get(subject_type)
        authors = source(ids) if source else _authors_of_subjects(subject_type, ids)
        found |= {(subject_type, subject_id): author for subject_id, author in authors.items()}
    return found


def _authors_of_subjects(subject_type: str, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
    rows = SubjectRevision.objects.filter(
        subject_type=subject_type, subject_id__in=ids, author__isnull=False
    )
    return dict(rows.order_by("revision").values_list("subject_id", "author_id"))


def _of_subjects(subject_type: str, revisions: Collection[Revision]) -> Texts:
    """Return the texts of names and other subjects that moderation itself keeps."""
    rows = SubjectRevision.objects.filter(
        subject_type=subject_type, subject_id__in={subject_id for subject_id, _ in revisions}
    )
    texts = rows.values_list("subject_id", "revision", "text")
    return {
        (subject_id, revision): text
        for subject_id, revision, text in texts
        if (subject_id, revision) in revisions and text
    }
