"""Checks a run against the invariants I1 to I9 of `docs/guarantees.md`; with moderators, to I14.

The evidence is what clients recorded, the database, and the provider's own bill; never the
server's metrics. Each invariant is one function that yields a sentence for each violation.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from tests.faults.client import Client
from tests.faults.cluster import Cluster
from tests.faults.devices import (
    check_devices_equal_a_fresh_load,
    check_profiles_and_rooms_equal_a_fresh_load,
)
from tests.faults.judge import ReceivedRequest, outcome_of
from tests.faults.optimistic import (
    STATUS,
    check_authors_know_why,
    check_hidden_texts_are_gone,
    check_listed_texts_were_unseen,
    check_verdicts_took_effect,
)
from tests.faults.rulings import ENFORCEMENT
from tests.faults.run import Row, Run, time_of_day
from tests.faults.words import CANARY

Violations = Iterator[str]

ACK_P99 = 0.25  # seconds, outside fault windows
OK = 200
LATENCY = "I8 acknowledged in time"
TOLD_WITHIN = 40.0  # seconds until people know of rulings
# Until erasures are done: the lease of a worker that was killed is 35 s, beat looks for those that
# are due every 5 s, and each of two passes takes some slices of other workers.
ERASED_WITHIN = 60.0
# A fault within this many seconds of a call explains its unknown outcome: a failpoint is armed
# before a process dies at it, and an answer is recorded after it arrived.
BEFORE, AFTER = 2.5, 1.5
HARMLESS = re.compile(
    "web|beat|Valkey|Redis|broker|layer"
)  # faults that do not disturb a call in progress


def check_acknowledged_messages_are_stored(run: Run) -> Violations:
    """I1: every acknowledged client_id has exactly one row; every row was sent by a client."""
    rows: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in run.messages.values():
        if row["client_id"]:
            rows[row["room"], row["author"], row["client_id"]].append(row)
    sent = set()
    for client, send in run.sends:
        key = send.room, client.id, send.client_id
        sent.add(key)
        found = rows.get(key, [])
        if send.acknowledged is not None and len(found) != 1:
            yield f"{send.client_id} was acknowledged and has {len(found)} rows"
        if send.acknowledged is not None and found and found[0]["id"] not in send.answered_ids:
            yield f"{send.client_id} was acknowledged as another message"
    for key in rows.keys() - sent:
        if key[1] in {client.id for client in run.clients}:
            yield f"{key[2]} is stored and was sent by nobody"


def check_client_ids_are_unique(run: Run) -> Violations:
    """I2: (room, author, client_id) is unique and always answered with the same message."""
    for _, send in run.sends:
        if len(send.answered_ids) > 1:
            yield f"{send.client_id} was answered as {len(send.answered_ids)} messages"
    keys = Counter(
        (row["room"], row["author"], row["client_id"])
        for row in run.messages.values()
        if row["client_id"]
    )
    for key, count in keys.items():
        if count > 1:
            yield f"{key[2]} is stored {count} times"


def check_order_has_no_gaps(run: Run) -> Violations:
    """I3: a room's changes are 1..N; each client received an ascending run without gaps."""
    by_seq: dict[str, dict[int, Row]] = defaultdict(dict)
    for row in run.messages.values():
        if row["seq"] in by_seq[row["room"]]:
            yield f"seq {row['seq']} of {row['room']} was given twice"
        if row["seq"]:
            by_seq[row["room"]][row["seq"]] = row
    for room, head in run.heads.items():
        known = by_seq[room]
        if max(known, default=0) != head:
            yield f"room {room} is at {head} and its last change at {max(known, default=0)}"
        changed = any(
            row["revision"] > 1 or row["status"] == "REMOVED" or row["id"] in run.ruled
            for row in known.values()
        )
        if not changed and len(known) != head:
            yield f"room {room} has {head - len(known)} holes in its order"
    for client in run.clients:
        yield from _check_received_order(run, client, by_seq)


def _check_received_order(
    run: Run, client: Client, by_seq: dict[str, dict[int, Row]]
) -> Violations:
    for room_id, room in client.rooms.items():
        for disorder in room.disorder:
            yield f"{client.name} heard {disorder} in {room_id}"
        if not room.is_wanted or room.resets:
            continue
        if room.seq != run.heads[room_id]:
            yield f"{client.name} stands at {room.seq} of {run.heads[room_id]} in {room_id}"
        heard = Counter(each.seq for each in room.heard)
        for seq, row in by_seq[room_id].items():
            if seq > room.since and heard[seq] != 1:
                yield f"{client.name} heard seq {seq} ({row['status']}) {heard[seq]} times"


def check_client_state_equals_database(run: Run) -> Violations:
    """I3: the state of each client equals a fresh load."""
    for client in run.clients:
        for room in client.rooms.values():
            if not room.is_wanted:
                continue
            for message_id, known in room.messages.items():
                row = run.messages.get(message_id)
                if row is None:
                    yield f"{client.name} knows {message_id}, which is not stored"
                    continue
                visible = row["status"] == "APPROVED"
                held = known["seq"], known["status"]
                # Unpublished: REMOVED for readers, REJECTED or HELD for the author.
                if known["seq"] != row["seq"] or (known["status"] == "APPROVED") != visible:
                    yield f"{client.name} holds {message_id} as {held}, not at {row['seq']}"
                elif visible and known["content"] != row["text"]:
                    yield f"{client.name} holds another text of {message_id}"


def check_judged_once(run: Run) -> Violations:
    """I4: no message waits, and each judged revision has exactly one machine verdict."""
    verdicts = Counter((log["id"], log["revision"]) for log in run.logs if log["machine"])
    for row in run.messages.values():
        if row["waits"]:
            yield (
                f"{row['id']} still waits ({row['status']}, since {row['waited']} s, tried "
                f"{row['attempts']} times, leased for {row['leased']} s)"
            )
        if row["status"] == "PENDING" and not row["waits"]:
            yield f"{row['id']} is pending and in no queue"
    for (message, revision), count in verdicts.items():
        if count > 1:
            yield f"{message}/{revision} was judged {count} times"
    for row in run.messages.values():
        never = row["status"] == "REMOVED"  # deleted before it was judged
        if not row["waits"] and not never and not verdicts[row["id"], row["revision"]]:
            yield f"{row['id']}/{row['revision']} has no verdict"


def check_authors_received_outcomes(run: Run) -> Violations:
    """I4: an author who received `message_queued` also received the outcome."""
    for client, send in run.sends:
        row = run.messages.get(send.id or "")
        if row is None or row["revision"] > 1 or not client.rooms[row["room"]].is_wanted:
            continue
        kind = {"REJECTED": "message_rejected", "HELD": "message_held"}.get(row["status"])
        if kind and kind not in send.told:
            ruled = {True: ", ruled", False: ", undone", None: ""}[run.ruled.get(row["id"])]
            yield f"{client.name} was told {send.told} of {send.id}: {row['status']}{ruled}"
        if row["status"] == "APPROVED" and row["seq"] > client.rooms[row["room"]].seq:
            yield f"{client.name} was never told that {send.id} is approved"


def check_billed_once(run: Run) -> Violations:
    """I5: no call is billed twice, and each paid answer decided its message."""
    if run.cluster.plan.judged_by not in {"remote", "keyed"}:
        return
    for (message, revision), count in run.cluster.judge.bill().items():
        if count > 1:
            yield f"{message}/{revision} was billed {count} times"
    yield from _check_paid_answers_were_used(run)
    yield from _check_verdicts_took_effect(run)
    yield from check_verdicts_took_effect(run)


def _check_paid_answers_were_used(run: Run) -> Violations:
    """The machine's verdict is the paid answer; without one, a fault interrupted the call.

    The log says what the machine decided, whatever moderators made of it afterwards. What still
    waits when its author leaves is refused, whatever the answer.
    """
    calls: dict[str, list[ReceivedRequest]] = defaultdict(list)
    for asked in run.cluster.judge.asked:
        calls[asked.subject[0]].append(asked)
    faults = [f.at for f in run.cluster.faults if not HARMLESS.search(f.what)]
    for log in run.logs:
        row = run.messages.get(log["id"])
        asked = [call for call in calls[log["id"]] if call.subject[1] == log["revision"]]
        if row is None or not log["machine"] or not asked or log["reason"] == "author_removed":
            continue
        if log["reason"] == "unjudged":
            if not any(_was_interrupted(call, faults) for call in asked):
                calls = _described(log, asked)
                yield f"{row['id']} was paid for and its answer was not used: {calls}"
        elif log["verdict"] != (expected := outcome_of(asked[-1].question["text"])):
            yield f"{row['id']}/{log['revision']} was judged {expected}, not {log['verdict']}"


def _check_verdicts_took_effect(run: Run) -> Violations:
    """A message in a room with prior approval is as its verdict says, until people act on it."""
    verdicts = {(log["id"], log["revision"]): log["verdict"] for log in run.logs if log["machine"]}
    removed = {client.id for client, _, _ in run.removals}  # what waits of them is rejected
    for row in run.messages.values():
        if row["revision"] > 1 or row["mode"] != "pre" or row["status"] not in STATUS.values():
            continue
        if run.ruled.get(row["id"]) or (row["author"] in removed and row["status"] == "REJECTED"):
            continue
        verdict = verdicts.get((row["id"], 1))
        if verdict and row["status"] != STATUS[verdict]:
            yield f"{row['id']} is {row['status']} and was judged {verdict}"


def _described(log: Row, asked: Sequence[ReceivedRequest]) -> str:
    """Describe the calls about a message."""
    calls = [
        f"{time_of_day(call.began)} to {time_of_day(call.ended or call.began)} ({call.answered})"
        for call in asked
    ]
    return f"{log['decided_by']}, {log['failures']} at {log['at']}, asked {', '.join(calls)}"


def _was_interrupted(call: ReceivedRequest, faults: Sequence[float]) -> bool:
    if call.answered != OK:
        return True
    ended = call.ended or call.began
    return any(call.began - BEFORE <= at <= ended + AFTER for at in faults)


def check_no_unapproved_text_leaked(run: Run) -> Violations:
    """I6: no unapproved text in any byte that another user received."""
    texts = [(client.id, send.text) for client, send in run.sends]
    texts += [(client.id, text) for client in run.clients for _, text in client.edits]
    public = {canary for text in run.public_texts for canary in CANARY.findall(text)}
    private = {
        canary: author
        for author, text in texts
        for canary in CANARY.findall(text)
        if canary not in public
    }
    moderators = {each.client.id for each in run.moderators}
    for client in run.clients:
        if client.id in moderators:
            continue
        for canary in set(CANARY.findall("\n".join(client.received))):
            if private.get(canary, client.id) != client.id:
                yield f"{client.name} received {canary}, which was never approved"


def check_removed_members_received_nothing(run: Run) -> Violations:
    """I7: a removed member received nothing with a `seq` after the removal."""
    for client, room_id, seq in run.removals:
        for heard in client.rooms[room_id].heard:
            if heard.seq > seq:
                yield f"{client.name} was removed at {seq} and heard {heard.seq}"


def check_logs_contain_no_text(run: Run) -> Violations:
    """I9: no canary, token or e-mail address in any log."""
    text = run.cluster.logs()
    for canary in set(CANARY.findall(text)):
        yield f"a log holds the text {canary}"
    for client in run.clients:
        for what in ("email", "token", "refresh"):
            if getattr(client, what) and getattr(client, what) in text:
                yield f"a log holds the {what} of {client.name}"


def check_acknowledgement_latency(run: Run) -> Violations:
    """I8: outside fault windows, the p99 of acknowledgements is below 250 ms."""
    p99 = run.confirmed_within
    if p99 is not None and p99 > ACK_P99:
        yield f"p99 of confirmations outside of faults: {p99 * 1000:.0f} ms"


INVARIANTS: dict[str, Sequence[Callable[[Run], Violations]]] = {
    "I1 acknowledged messages are stored": [check_acknowledged_messages_are_stored],
    "I2 one client_id, one message": [check_client_ids_are_unique],
    "I3 order without gaps": [
        check_order_has_no_gaps,
        check_client_state_equals_database,
        check_devices_equal_a_fresh_load,
        check_profiles_and_rooms_equal_a_fresh_load,
    ],
    "I4 judged exactly once": [
        check_judged_once,
        check_authors_received_outcomes,
        check_authors_know_why,
    ],
    "I5 billed at most once": [check_billed_once],
    "I6 no leak": [
        check_no_unapproved_text_leaked,
        check_listed_texts_were_unseen,
        check_hidden_texts_are_gone,
    ],
    "I7 nothing after removal": [check_removed_members_received_nothing],
    LATENCY: [check_acknowledgement_latency],
    "I9 no text in logs": [check_logs_contain_no_text],
}


def violations(run: Run) -> dict[str, list[str]]:
    """Return each invariant with a sentence for every violation."""
    checked = INVARIANTS | ENFORCEMENT if run.moderators else INVARIANTS
    return {
        name: [sentence for invariant in invariants for sentence in invariant(run)]
        for name, invariants in checked.items()
    }


def settle(
    run: Run,
    *,
    judged_within: float = 10.0,
    heard_within: float = 15.0,
    told_within: float = TOLD_WITHIN,
) -> list[str]:
    """Wait, as long as the guarantee allows, until all messages are judged and delivered.

    Returns:
        A sentence for each condition that did not hold in time.
    """
    return overdue(
        lambda: run.crowd.wait_until(
            lambda: not run.moderators or run.enforced.is_notified(),
            what="all rulings told, all erasures done",
            seconds=told_within,
        ),
        run.crowd.wait_until_acknowledged,
        run.crowd.wait_until_answered,
        lambda: run.cluster.wait_until_judged(seconds=judged_within),
        lambda: run.crowd.wait_until_all_hear(_heads(run.cluster), seconds=heard_within),
        run.crowd.wait_until_own_changes_are_read,
        lambda: run.crowd.wait_until(
            lambda: not any(check_authors_received_outcomes(_now(run))),
            what="all authors told",
            seconds=heard_within,
        ),
        run.crowd.wait_until_own_changes_are_read,
    )


def overdue(*waits: Callable[[], None]) -> list[str]:
    """Wait for each condition in turn; return a sentence for each that did not hold in time."""
    late: list[str] = []
    for wait in waits:
        try:
            wait()
        except AssertionError as error:
            late.append(str(error))
    return late


def _now(run: Run) -> Run:
    """Return the run with the rows of this moment."""
    return Run(run.cluster, run.crowd, moderators=run.moderators)


def assert_invariants_hold(run: Run) -> None:
    """Settle, then check. Raises AssertionError with every violation."""
    late = settle(run)
    broken = {name: found for name, found in violations(run).items() if found}
    if late or broken:
        lines = [*late, *(f"{name}: {each}" for name in broken for each in broken[name][:10])]
        raise AssertionError("\n".join(lines))


def _heads(cluster: Cluster) -> dict[str, int]:
    rows = cluster.postgres.ask("SELECT id::text, seq FROM chat_room")
    return {row["id"]: row["seq"] for row in rows}
