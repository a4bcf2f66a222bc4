"""The present state of what changed for a person, as their lists show it."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from uuid import UUID

import msgspec
from django.utils import translation

from moderado.accounts.models import User
from moderado.enforcement.models import Appeal, Report, Sanction
from moderado.enforcement.selectors.appeal_views import appeal_view
from moderado.enforcement.selectors.blocks import block_view, blocks_of
from moderado.enforcement.selectors.decisions import decisions_among
from moderado.enforcement.selectors.reports import report_views
from moderado.enforcement.selectors.sanctions import appealed_among, decision_of, view_of
from moderado.enforcement.types import DecisionType, OwnThing

Thing = tuple[OwnThing, UUID]


def things_sql(xid: Callable[[str], str]) -> str:
    """Return SQL for the rows that a person's lists show, with the transactions that wrote them.

    So also a change of which no notice tells is found: an appeal ends the right to appeal a
    sanction, and the retention erases words (ADR 0113). Each change needs an id of its own.

    Args:
        xid: Returns SQL for the transaction that wrote a row version, by its alias.
    """
    return f"""
        SELECT {xid("report")}, report.id, '{OwnThing.REPORT}', report.id
          FROM here, enforcement_report report WHERE report.reporter_id = %(author)s
         UNION ALL
        SELECT {xid("appeal")}, appeal.id, '{OwnThing.APPEAL}', appeal.id
          FROM here, enforcement_appeal appeal WHERE appeal.appellant_id = %(author)s
         UNION ALL
        SELECT {xid("appeal")}, md5('appealed' || appeal.id)::uuid,
               CASE appeal.decision_type WHEN '{DecisionType.REPORT}' THEN '{OwnThing.REPORT}'
                                         ELSE '{OwnThing.DECISION}' END, appeal.decision_id
          FROM here, enforcement_appeal appeal WHERE appeal.appellant_id = %(author)s
         UNION ALL
        SELECT greatest({xid("sanction")}, {xid("appeal")}), sanction.id,
               '{OwnThing.SANCTION}', sanction.id
          FROM here, enforcement_sanction sanction
          LEFT JOIN enforcement_appeal appeal ON appeal.appellant_id = %(author)s
               AND appeal.decision_id = coalesce(sanction.ruling_id, sanction.id)
         WHERE sanction.user_id = %(author)s
         UNION ALL
        SELECT {xid("sanction")}, md5('decision' || sanction.id)::uuid,
               '{OwnThing.DECISION}', coalesce(sanction.ruling_id, sanction.id)
          FROM here, enforcement_sanction sanction WHERE sanction.user_id = %(author)s
         UNION ALL
        SELECT {xid("ruling")}, ruling.id, '{OwnThing.DECISION}', ruling.id
          FROM here, enforcement_ruling ruling WHERE ruling.author_id = %(author)s
         UNION ALL
        SELECT {xid("suspension")}, suspension.id, '{OwnThing.DECISION}', suspension.id
          FROM here, enforcement_reportingsuspension suspension
         WHERE suspension.user_id = %(author)s
         UNION ALL
        SELECT {xid("purge")}, purge.id, '{OwnThing.DECISION}', purge.id
          FROM here, enforcement_purge purge WHERE purge.user_id = %(author)s
    """  # noqa: S608  (constants)


def views_of_things(
    *, user_id: UUID, things: Iterable[Thing], language: str
) -> Mapping[Thing, msgspec.Struct]:
    """Return things of a person as the person sees them now.

    Args:
        user_id: The person.
        things: Kinds and ids. One that the person's lists do not have is left out.
        language: The language of statements.
    """
    ids: dict[OwnThing, list[UUID]] = defaultdict(list)
    for kind, thing_id in things:
        ids[kind].append(thing_id)
    with translation.override(language):
        return {
            (kind, thing_id): view
            for kind, wanted in ids.items()
            for thing_id, view in _READERS[kind](user_id, wanted)
        }


Found = Iterable[tuple[UUID, msgspec.Struct]]


def _reports(user_id: UUID, ids: Collection[UUID]) -> Found:
    own = list(Report.objects.filter(pk__in=ids, reporter=user_id))
    return ((view.id, view) for view in report_views(own))


def _appeals(user_id: UUID, ids: Collection[UUID]) -> Found:
    own = Appeal.objects.filter(pk__in=ids, appellant=user_id)
    return ((appeal.id, appeal_view(appeal)) for appeal in own)


def _sanctions(user_id: UUID, ids: Collection[UUID]) -> Found:
    own = list(Sanction.objects.filter(pk__in=ids, user=user_id))
    appealed, language = appealed_among(own), translation.get_language()
    return (
        (each.id, view_of(each, language=language, is_appealed=decision_of(each) in appealed))
        for each in own
    )


def _decisions(user_id: UUID, ids: Collection[UUID]) -> Found:
    return ((each.view.id, each.view) for each in decisions_among(user_id, ids))


def _blocks(user_id: UUID, ids: Collection[UUID]) -> Found:
    blocks = {each.blocked_id: each for each in blocks_of(user_id).filter(blocked__in=ids)}
    users = User.objects.filter(pk__in=ids)
    return ((user.id, block_view(user, blocks.get(user.id))) for user in users)


_READERS: Mapping[OwnThing, Callable[[UUID, Collection[UUID]], Found]] = {
    OwnThing.REPORT: _reports,
    OwnThing.APPEAL: _appeals,
    OwnThing.SANCTION: _sanctions,
    OwnThing.DECISION: _decisions,
    OwnThing.BLOCK: _blocks,
}
