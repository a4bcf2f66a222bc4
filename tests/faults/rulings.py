"""Checks a run against the invariants I11 to I14: what moderators decided, and who was erased.

The evidence is what moderators and members were told, and the rows of the database.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.client import ANSWER, Client, Send
from tests.faults.run import Row, Run

Violations = Iterator[str]

SILENCED = {"muted": ("mute", "ban"), "banned": ("ban",)}
SLACK = 10.0  # seconds from the statement that ends a sanction to its commit, at most
REFUSALS = {400, 401, 403, 404, 409, 503}


@dataclass(frozen=True, slots=True)
class Silence:
    """A mute or ban on the harness's monotonic clock.

    It was in force from `sure` to `until`, if the moderator was told so, and perhaps from `since`.
    """

    kind: str
    user: str
    room: str | None
    since: float
    sure: float | None
    until: float

    def covers(self, client: Client, send: Send) -> bool:
        return self.user == client.id and self.room in {None, send.room}


def check_who_may_speak(run: Run) -> Violations:
    """I11: a muted or banned person stores no message, and no other person is silenced."""
    stored = {(row["author"], row["client_id"]) for row in run.messages.values()}
    silences = list(_silences(run))
    for client, send in run.sends:
        about = [each for each in silences if each.covers(client, send)]
        if (client.id, send.client_id) in stored:
            for each in about:
                if _lies_within(send, each):
                    yield f"{client.name} stored {send.client_id} under a {each.kind}"
        elif send.refused in SILENCED and not any(
            each.kind in SILENCED[send.refused] and _may_have_met(send, each) for each in about
        ):
            yield f"{client.name} was {send.refused} without a sanction"


def _lies_within(send: Send, silence: Silence) -> bool:
    if silence.sure is None or send.acknowledged is None:
        return False
    return silence.sure < send.invoked and send.acknowledged < silence.until


def _may_have_met(send: Send, silence: Silence) -> bool:
    return silence.since <= send.tried + ANSWER and send.invoked <= silence.until + SLACK


def _silences(run: Run) -> Iterator[Silence]:
    told: dict[str, float] = {}
    for act in run.acts:
        if act.is_done and act.ended is not None and act.what in {"rule", "impose"}:
            told[act.made] = act.ended
    for row in run.enforced.sanctions:
        if row["kind"] in {"mute", "ban"}:
            yield Silence(
                kind=row["kind"],
                user=row["user"],
                room=row["room"],
                since=run.enforced.at(row["starts"]),
                sure=told.get(row["ruling"] or row["id"]),
                until=_end(run, row),
            )


def _end(run: Run, row: Row) -> float:
    ends = [row[end] for end in ("ends", "lifted") if row[end] is not None]
    return min(map(run.enforced.at, ends), default=float("inf"))


def check_decided_once(run: Run) -> Violations:
    """I12: a case has one ruling in effect; each is on record, and none is about its maker."""
    rows = {row["id"]: row for row in run.enforced.rulings}
    reversed_rulings = {row["reverses"] for row in run.enforced.rulings}
    standing = Counter(
        row["case"]
        for row in run.enforced.rulings
        if _stands(row) and row["id"] not in reversed_rulings
    )
    for case, number in standing.items():
        if number > 1:
            yield f"case {case} has {number} rulings in effect"
    yield from _check_answers(run, rows)
    yield from _check_log(run)
    for row in run.enforced.rulings:
        if row["actor"] in {row["author"], *row["reporters"]}:
            yield f"ruling {row['id']} is about its own moderator"
    for row in run.enforced.sanctions:
        if row["user"] in {row["actor"], row["lifted_by"]}:
            yield f"sanction {row['id']} is about its own moderator"


def _stands(row: Row) -> bool:
    return row["reverses"] is None and not row["is_undone"]


def _check_answers(run: Run, rows: dict[str, Row]) -> Violations:
    reversed_rulings = {row["reverses"] for row in run.enforced.rulings}
    for act in run.acts:
        if act.ended is not None and not act.is_done and act.status not in REFUSALS:
            yield f"{act.what} of {act.about} was answered with {act.status}"
        if not act.is_done:
            continue
        if act.what in {"rule", "reverse"} and act.made not in rows:
            yield f"ruling {act.made} was confirmed and is not stored"
        if act.what == "undo" and not rows[act.about]["is_undone"]:
            yield f"ruling {act.about} was undone and stands"
        if act.what == "reverse" and act.about not in reversed_rulings:
            yield f"ruling {act.about} was reversed and stands"


def _check_log(run: Run) -> Violations:
    """One line for each ruling, and one for each that was undone or whose case is open again."""
    rulings = run.enforced.rulings
    decided = Counter(row["case"] for row in rulings if row["content"] != "hold")
    undone = Counter(row["case"] for row in rulings if row["is_undone"] or row["content"] == "hold")
    for step, expected in (("moderator", decided), ("undone", undone)):
        rows = [row for row in run.enforced.ruling_lines if row["step"] == step]
        lines = {row["case"]: row["lines"] for row in rows}
        for case in expected.keys() | lines.keys():
            if expected[case] != lines.get(case, 0):
                yield f"case {case}: {expected[case]} × {step}, {lines.get(case, 0)} lines"


def check_rulings_hold(run: Run) -> Violations:
    """I13: others see a text as its last ruling says; what is open has an open case."""
    by_subject: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in run.enforced.rulings:
        if not row["is_undone"]:
            by_subject[row["subject"], row["revision"]].append(row)
    for (subject, revision), made in by_subject.items():
        message = run.messages.get(subject)
        if message is None or message["revision"] != revision or message["status"] == "REMOVED":
            continue
        last = max(made, key=lambda row: row["at"])
        is_visible = message["status"] == "APPROVED"
        if is_visible != (last["content"] not in {"remove", "hold"}):
            yield f"{subject}/{revision} is {message['status']}, and {last['content']} was ruled"
    open_cases = {(row["subject"], row["revision"]) for row in run.enforced.open_cases}
    for message in run.messages.values():
        if message["status"] == "HELD" and (message["id"], message["revision"]) not in open_cases:
            yield f"{message['id']} is held and has no open case"
    for row in run.enforced.stranded_reports:
        yield f"report {row['id']} is open, and its case is {row['state']}"


def check_erased_words_are_nowhere(run: Run) -> Violations:
    """I14: no table holds a word of an erased account; the log verifies."""
    for person in run.erased:
        state = run.enforced.erasures.get(person.id)
        if state != "done":
            yield f"the erasure of {person.name} is {state}"
    tables = run.enforced.words_by_table if run.erased else {}
    for table, words in tables.items():
        for person in run.erased:
            for what, text in person.words:
                if text in words:
                    yield f"{table} holds {what} of {person.name}"
    yield from run.enforced.faults_of_the_log()


def effects(run: Run) -> Counter[str]:
    """Return how often each kind of act took effect, by its answer or by what is stored."""
    found = Counter(act.what for act in run.acts if act.is_done)
    found["sanction"] = sum(row["ruling"] is not None for row in run.enforced.sanctions)
    found["report"] = run.enforced.reports
    states = Counter(run.enforced.erasures.get(person.id) for person in run.erased)
    found["erase"] = states["done"]
    return found


# What moderators and members do in each run of full length: `effects` has none that is 0.
EFFECTS = ("appeal", "erase", "impose", "report", "reverse", "rule", "sanction", "undo")

ENFORCEMENT = {
    "I11 who may speak": [check_who_may_speak],
    "I12 decided once": [check_decided_once],
    "I13 rulings hold": [check_rulings_hold],
    "I14 erased words are nowhere": [check_erased_words_are_nowhere],
}
