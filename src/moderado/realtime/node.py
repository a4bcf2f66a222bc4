"""Composition root of one event loop: builds the components and connects them.

There is one node an event loop, with one channel of the channel layer, whatever the number of
connections. Each component gets what it needs; none gets the node. The model is `node.go` of
Centrifuge, which owns hub, broker and presence.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer
from django.conf import settings

from moderado.core.redis import new_async_client
from moderado.core.wire_limits import AUTHENTICATION_SECONDS, STALL_SECONDS
from moderado.realtime.infra import queries
from moderado.realtime.infra.background import BackgroundTasks
from moderado.realtime.infra.leases import Leases
from moderado.realtime.infra.loop_monitor import watch_loop
from moderado.realtime.pubsub import fanout
from moderado.realtime.pubsub.author_delivery import AuthorDelivery
from moderado.realtime.pubsub.envelope import AppealsHint, BlocksHint, CasesHint, PersonLine
from moderado.realtime.pubsub.listener import SILENCE_LIMIT, HintListener
from moderado.realtime.pubsub.subscriptions import Layer, LayerSubscriptions
from moderado.realtime.rooms.appeal_notices import AppealNotices
from moderado.realtime.rooms.audience import AuthorNotices
from moderado.realtime.rooms.case_access import CaseAccessCheck
from moderado.realtime.rooms.case_notices import CaseNotices
from moderado.realtime.rooms.claim_release import CLAIM_GRACE, ClaimRelease
from moderado.realtime.rooms.connection_limits import ConnectionLimits
from moderado.realtime.rooms.hub import Hub
from moderado.realtime.rooms.person_notices import PersonNotices
from moderado.realtime.rooms.presence import ANNOUNCE_INTERVAL, REBUILD_ROUNDS, Presence
from moderado.realtime.rooms.reconcile import Reconciler, Schedule
from moderado.realtime.rooms.room import LiveRoom
from moderado.realtime.rooms.send_batcher import SendBatcher
from moderado.realtime.rooms.staff_notices import NOTICE_DELAY
from moderado.realtime.transport.outbox import CLOSE_GRACE

_nodes: "WeakKeyDictionary[asyncio.AbstractEventLoop, Node]" = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds that the components of a node wait. Tests shorten them."""

    authentication: float = AUTHENTICATION_SECONDS
    close_grace: float = CLOSE_GRACE
    staff_delay: float = NOTICE_DELAY
    claim_grace: float = CLAIM_GRACE
    stall: float = STALL_SECONDS
    presence_interval: float = ANNOUNCE_INTERVAL
    silence_limit: float = SILENCE_LIMIT
    reconciliation: Schedule = field(default_factory=Schedule)


def current() -> "Node":
    """Return the node of the running event loop. Starts one when there is none."""
    node = _nodes.get(asyncio.get_running_loop())
    return node if node is not None else start()


def start(timing: Timing | None = None) -> "Node":
    """Start the node of the running event loop.

    Raises:
        RuntimeError: The event loop has a node already.
    """
    loop = asyncio.get_running_loop()
    if loop in _nodes:
        raise RuntimeError("this event loop has a node already")
    node = _nodes[loop] = Node(timing or Timing())
    node.listener.start()
    node.tasks.start(node.reconciler.run())
    node.tasks.start(watch_loop())
    return node


class Node:
    """The components of one event loop."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.tasks = BackgroundTasks()
        self.subscriptions = LayerSubscriptions(_layer(), new_async_client(settings.ENV.layer))
        self.leases = Leases()
        self.connection_limits = ConnectionLimits(self.leases)
        self.presence = Presence(
            self.leases, announce=self._announce, interval=timing.presence_interval
        )
        self.hub = self._new_hub()
        self.case_notices, self.appeal_notices = self._new_staff_notices()
        self.case_access = CaseAccessCheck(users=self.hub.users, read=queries.case_visibility)
        self.claim_release = self._new_claim_release()
        self.person_notices = self._new_person_notices()
        self.send_batcher = SendBatcher(start=self.tasks.start)
        self.author_delivery = AuthorDelivery(
            users=self.hub.users,
            notify=self.hub.notify_author,
            joined_elsewhere=self.subscriptions.joined_elsewhere,
            start=self.tasks.start,
        )
        self.listener = HintListener(
            self.subscriptions,
            is_local=self.hub.is_local,
            dispatch=self.hub.dispatch,
            send_heartbeat=fanout.send_heartbeat,
            silence_limit=timing.silence_limit,
        )
        self.reconciler = Reconciler(
            self.hub,
            records=queries,
            check_layer=self.listener.check,
            renew_leases=self._renew,
            refresh_sanctions=self.person_notices.refresh_sanctions,
            check_case_access=self.case_access.check,
            start=self.tasks.start,
            schedule=timing.reconciliation,
        )

    async def close(self) -> None:
        """Stop the components, and close their connections to Redis."""
        self.author_delivery.close()
        await self.listener.close()
        await self.tasks.close()
        await self.leases.close()
        await self.subscriptions.close()
        _nodes.pop(asyncio.get_running_loop(), None)

    async def _join(self, address: UUID) -> None:
        await self.subscriptions.join(fanout.shard_of(address))

    def _announce(self, room_id: UUID, changes: Mapping[UUID, bool]) -> None:
        fanout.publish_presence(room_id, changes, acl_version=self.hub.acl_version(room_id))

    def _new_hub(self) -> Hub:
        notices = AuthorNotices(records=queries, start=self.tasks.start)
        return Hub(
            records=queries,
            join=self._join,
            on_leave=self._leave,
            on_staff=self._notify_staff,
            on_person=self._notify_person,
            on_left=self._look_at_claims,
            notices=notices,
        )

    def _new_staff_notices(self) -> tuple[CaseNotices, AppealNotices]:
        users, start, delay = self.hub.users, self.tasks.start, self.timing.staff_delay
        return (
            CaseNotices(readers=queries.case_readers, users=users, start=start, delay=delay),
            AppealNotices(readers=queries.appeal_readers, users=users, start=start, delay=delay),
        )

    def _new_claim_release(self) -> ClaimRelease:
        return ClaimRelease(
            users=self.hub.users,
            holders=queries.claim_holders,
            is_elsewhere=self.connection_limits.has_user,
            release=queries.release_claims,
            start=self.tasks.start,
            grace=self.timing.claim_grace,
            rebuild=self.timing.reconciliation.renewal * REBUILD_ROUNDS,
        )

    def _new_person_notices(self) -> PersonNotices:
        return PersonNotices(
            users=self.hub.users,
            subscription=self.hub.subscription,
            records=queries,
            start=self.tasks.start,
        )

    def _notify_staff(self, hint: CasesHint | AppealsHint) -> None:
        if isinstance(hint, AppealsHint):
            self.appeal_notices.receive(hint)
        else:
            self.case_notices.receive(hint)

    def _notify_person(self, hint: PersonLine | BlocksHint) -> None:
        self.person_notices.receive(hint)

    def _look_at_claims(self, user_id: UUID) -> None:
        self.claim_release.left(user_id)

    def _leave(self, room: LiveRoom, user_id: UUID) -> None:
        self.tasks.start(self.presence.leave(room, user_id))

    async def _renew(self) -> None:
        """Renew what this process holds in Redis, and read what its users may see and do."""
        await self.connection_limits.renew()
        await self.presence.renew(self.hub.rooms.values())
        users = list(self.hub.users)
        await self.person_notices.refresh_hidden(users)
        await self.person_notices.refresh_silences(users)


def _layer() -> Layer:
    layer = get_channel_layer()
    if layer is None:
        raise RuntimeError("CHANNEL_LAYERS has no default layer")
    return cast("Layer", layer)
