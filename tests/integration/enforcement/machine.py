"""A room, its people and its moderators, in any order of acts, beside a small model.

The model knows who may speak, which texts others may see, what is decided and by whom. PostgreSQL
and the services are real. Time passes by moving stored times.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import ClassVar

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from moderado.chat.models import Membership, Message, Removal
from moderado.chat.selectors.feed import changes
from moderado.chat.services import erasing
from moderado.chat.services.editing import edit_message
from moderado.chat.services.posting import post_message
from moderado.chat.services.removing import delete_message
from moderado.chat.services.screening import screen_waiting
from moderado.core.errors import ApplicationError
from moderado.enforcement.models import (
    Appeal,
    AuditLine,
    CaseExclusion,
    Erasure,
    Report,
    Ruling,
    Sanction,
)
from moderado.enforcement.selectors.decisions import decisions_about
from moderado.enforcement.selectors.restrictions import find_restriction
from moderado.enforcement.services import appeal_decisions, appeals, claiming, erasures, rulings
from moderado.enforcement.services.imposing import impose_sanction, lift_by_hand
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.sanctions import expire_sanctions
from moderado.enforcement.services.settling import settle_rulings
from moderado.enforcement.types import (
    DECIDABLE,
    SHOWING,
    Actor,
    AppealOutcome,
    ContentOutcome,
    MeasureScope,
    SanctionKind,
)
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.services.log_verification import verify_log
from moderado.moderation.services.sealing import seal_log
from tests.everything import tables_with
from tests.factories import make_member, make_room, make_staff

PEOPLE, MODERATORS = 5, 3  # the moderators are members, too, and the last of the people
ANYBODY, MODERATOR = st.integers(0, PEOPLE - 1), st.integers(PEOPLE - MODERATORS, PEOPLE - 1)
ANY = st.integers(0, 11)  # which of the things that there are
WORDS = st.sampled_from(["", "", "FLAG", "HOLD", "BLOCK"])
AUDITED = [
    *("sanction_applied", "sanction_lifted", "appeal_decided"),
    *("erasure_ordered", "account_erased"),
]
FIRST = 3  # messages at the beginning, with a case each
KINDS = [SanctionKind.WARNING, SanctionKind.STRIKE, SanctionKind.MUTE, SanctionKind.BAN]
PARTY = {"own_case", "own_report", "own_ruling"}  # refusals
HOUR = timedelta(hours=1)
_statements: dict[str, tuple[list[str], str, list[object]]] = {}  # of `counts`, by name


@dataclass
class Posted:
    """A message with the texts of its revisions."""

    author: object
    texts: dict[int, str]
    acts: int = 0  # that may have changed it


@dataclass
class Made:
    """A ruling, with what was before it."""

    id: object
    message: object
    revision: int
    text: str | None
    was_shown: bool | None
    before: dict[str, object] | None
    acts: int = 0
    ended: str = ""  # undone, reopened or reversed
    sanctions: list[object] = field(default_factory=list)


class Enforcement(RuleBasedStateMachine):
    """Each example is rolled back."""

    heard: ClassVar[list[object]] = []  # `RoomsChanged`, as the test collects them

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.heard.clear()
        self.numbers = count(1)
        self.room = make_room()
        members = [make_member(self.room).user for _ in range(PEOPLE - MODERATORS)]
        staff = [make_staff() for _ in range(MODERATORS)]
        self.people = [*members, *(make_member(self.room, user=user).user for user in staff)]
        self.erased = set()
        self.posted: dict[object, Posted] = {}
        self.shown: dict[str, bool | None] = {}  # by text: the last decision about it
        self.made: list[Made] = []
        self.sanctions: dict[object, tuple[object, str, bool]] = {}  # person, kind, everywhere
        self.members = {person.id for person in self.people}
        # By person: the ban that ended the membership; None once that is undone.
        self.expelled: dict[object, object] = {}
        self.over: dict[object, tuple[object, str, bool]] = {}  # sanctions whose term has ended
        self.log_lines = self.undone_lines = self.audit_lines = 0
        for who, word in enumerate(["FLAG", "HOLD", "FLAG"][:FIRST]):
            self.post(who, word)
        self.judge()

    def teardown(self):
        seal_log(settle=timedelta(seconds=-2))
        try:
            assert verify_log().is_sound
        finally:
            transaction.savepoint_rollback(self.savepoint)

    # One rule for each kind of people: an example leaves out some of the rules

    @rule(
        act=st.sampled_from(["post", "post", "edit", "delete"]),
        who=ANYBODY,
        which=ANY,
        word=WORDS,
        is_judged=st.booleans(),
    )
    def authors_write(self, act, who, which, word, is_judged):
        if act == "post":
            self.post(who, word)
        elif act == "edit":
            self.edit(which, word)
        else:
            self.delete(which)
        if is_judged:
            self.judge()

    @rule(
        act=st.sampled_from(["report_message", "report_person", "appeal", "appeal_report"]),
        who=ANYBODY,
        which=ANY,
    )
    def readers_complain(self, act, who, which):
        getattr(self, act)(who, which)

    @precondition(lambda self: self.open_cases())
    @rule(
        who=MODERATOR,
        which=ANY,
        content=st.sampled_from(DECIDABLE),
        kind=st.sampled_from([None, None, *KINDS]),
        everywhere=st.booleans(),
        then=st.sampled_from(["", "", "undo", "reverse", "settle"]),
        other=MODERATOR,
    )
    def moderators_rule(self, who, which, content, kind, everywhere, then, other):  # noqa: PLR0917
        made = len(self.made)
        self.decide(who, which, content, kind, everywhere)
        if len(self.made) > made:
            self.take_back(then, other, len(self.made) - 1)

    @precondition(lambda self: self.made)
    @rule(then=st.sampled_from(["undo", "reverse", "settle"]), who=MODERATOR, which=ANY)
    def moderators_change_their_minds(self, then, who, which):
        self.take_back(then, who, which)

    @precondition(lambda self: self.open_cases())
    @rule(who=MODERATOR, which=ANY, is_over=st.booleans())
    def moderators_claim(self, who, which, is_over):
        self.claim(who, which)
        if is_over:
            Case.objects.update(claimed_until=Now() - timedelta(seconds=1))

    @rule(
        act=st.sampled_from(["impose", "impose", "lift", "expire"]),
        who=MODERATOR,
        which=ANY,
        kind=st.sampled_from(KINDS),
        everywhere=st.booleans(),
    )
    def moderators_sanction(self, act, who, which, kind, everywhere):
        if act == "impose":
            self.impose(who, which % PEOPLE, kind, everywhere)
        elif self.sanctions:
            self.lift(who, which) if act == "lift" else self.expire(which)

    @precondition(lambda _: Appeal.objects.exists())
    @rule(who=MODERATOR, which=ANY, is_overturned=st.booleans())
    def moderators_decide_appeals(self, who, which, is_overturned):
        self.decide_appeal(who, which, is_overturned)

    @precondition(lambda self: len(self.posted) > FIRST)
    @rule(who=st.integers(0, PEOPLE - MODERATORS - 1))
    def member_leaves_for_ever(self, who):
        self.erase(who)

    # What authors do

    def post(self, who, word):
        person = self.people[who]
        if person.id in self.erased:
            return
        text = self.new_text(person, word)
        sent, code = attempt(post_message, author_id=person.id, room_id=self.room.id, text=text)
        assert code == self.silence_of(person), f"{code}, not {self.silence_of(person)}"
        if sent is not None:
            self.posted[sent.view.id] = Posted(person, {1: text})
            self.members.add(person.id)
            self.expelled.pop(person.id, None)
            self.shown[text] = None

    def edit(self, which, word):
        message_id, known = pick(self.posted.items(), which)
        text = self.new_text(known.author, word)
        edited, code = attempt(
            edit_message, actor_id=known.author.id, message_id=message_id, text=text
        )
        silence = self.silence_of(known.author)
        assert silence is None or code is not None, f"edited although {silence}"
        if edited is not None:
            stored = Message.objects.get(pk=message_id)
            known.texts[stored.edit_revision or stored.revision] = text
            known.acts += 1
            self.shown[text] = None

    def delete(self, which):
        message_id, known = pick(self.posted.items(), which)
        _, code = attempt(delete_message, actor_id=known.author.id, message_id=message_id)
        if code is None:
            self.end(known)

    def judge(self):
        waiting = list(Message.objects.filter(queued_at__isnull=False))
        screen_waiting()
        for message in waiting:
            known = self.posted[message.id]
            known.acts += 1
            text = message.edit_text or message.text
            self.shown[text] = text.split()[0] not in {"HOLD", "BLOCK"} and not self.is_out(known)

    # What readers do

    def report_message(self, who, which):
        message_id, known = pick(self.posted.items(), which)
        self.make_report(who, known.author, subject_type="message", subject_id=message_id)

    def report_person(self, who, which):
        person = self.people[which % PEOPLE]
        self.make_report(who, person, subject_type="person", subject_id=person.id)

    def make_report(self, who, author, **subject):
        reporter = self.people[who]
        if reporter.id in self.erased:
            return
        _, code = attempt(report, reporter_id=reporter.id, category="hate", **subject)
        assert reporter != author or code is not None, "reported themselves"

    # What moderators do

    def claim(self, who, which):
        case = pick(self.open_cases(), which)
        attempt(claiming.claim_case, actor=self.actor(who), case_id=case.id)

    def decide(self, who, which, content, kind, everywhere):
        case, actor = pick(self.open_cases(), which), self.actor(who)
        if case.scope_id is None:
            everywhere, content = True, ContentOutcome.ALLOW
        scope = MeasureScope.SERVER if everywhere else MeasureScope.ROOM
        measures = [Measure(kind=kind, scope=scope, term=HOUR)] if kind else []
        proposal = rulings.Proposal(content=content, reason="looked", measures=measures)
        before, excluded = self.state_of(case), self.is_party(actor, case)
        known = set(Ruling.objects.values_list("id", flat=True))
        made, code = attempt(rulings.rule, actor=actor, case_id=case.id, proposal=proposal)
        assert not excluded or made is None, "decided about themselves"
        assert code in PARTY | {None, "case_taken"}, code
        if made is not None and made.id not in known:  # else the moderator has made it before
            self.log_lines += 1
            self.note(made, before, everywhere)

    def take_back(self, how, who, which):
        if how == "undo":
            self.undo(which)
        elif how == "reverse":
            self.reverse(who, which)
        elif how:
            self.settle()

    def undo(self, which):
        ruling = pick(self.made, which)
        stored = Ruling.objects.get(pk=ruling.id)
        actor = Actor(id=stored.actor_id, scope_ids=None)
        # An appeal of the ruling makes its moderator a party.
        refusals = PARTY if self.is_party(actor, stored.case) else {None, "undo_expired"}
        _, code = attempt(rulings.undo, actor=actor, ruling_id=ruling.id)
        assert code in refusals | {"ruling_replaced"}, code
        if code is None and stored.undone_at is None:
            assert not ruling.ended
            self.undone_lines += 1
            self.ends(ruling, "undone", ruling.was_shown)

    def reverse(self, who, which):
        ruling, actor = pick(self.made, which), self.actor(who)
        stored = Ruling.objects.get(pk=ruling.id)
        reason = self.reason_about(stored.author_id, stored.subject_id)
        known = set(Ruling.objects.values_list("id", flat=True))
        reversal, code = attempt(rulings.reverse, actor=actor, ruling_id=ruling.id, reason=reason)
        if reversal is not None and reversal.id in known:
            assert reversal.actor_id == actor.id, "a reversal of another moderator"
        elif reversal is not None:
            assert not self.is_party(actor, reversal.case), "reversed about themselves"
            self.reversed_by(ruling, reversal)
        else:
            assert code in PARTY | {"ruling_replaced"}, code

    def settle(self):
        Ruling.objects.filter(settled_at=None).update(undo_until=F("effective_at"))
        settle_rulings()

    def impose(self, who, about, kind, everywhere):
        actor, person = self.people[who], self.people[about]
        made, _ = attempt(
            impose_sanction,
            actor_id=actor.id,
            scope_ids=None,
            user_id=person.id,
            kind=kind,
            scope_id=None if everywhere else self.room.id,
            term=HOUR,
            reason="looked",
        )
        assert actor != person or made is None, "sanctioned themselves"
        if made is not None:
            sanction, is_new = made
            assert is_new == (sanction.id not in self.sanctions)
            if is_new:
                self.audit_lines += 1
                self.impose_in_model(sanction.id, person.id, kind, everywhere)

    def lift(self, who, which):
        actor, sanction_id = self.people[who], pick(self.sanctions, which)
        person_id = self.sanctions[sanction_id][0]
        _, code = attempt(
            lift_by_hand,
            actor_id=actor.id,
            scope_ids=None,
            sanction_id=sanction_id,
            reason=self.reason_about(person_id),
        )
        assert code == ("own_case" if actor.id == person_id else None)
        if code is None:
            self.audit_lines += 1
            self.end_in_model(sanction_id)

    def expire(self, which):
        sanction_id = pick(self.sanctions, which)
        Sanction.objects.filter(pk=sanction_id).update(ends_at=Now() - timedelta(seconds=1))
        self.over[sanction_id] = self.sanctions.pop(sanction_id)
        assert expire_sanctions() >= 1

    def reason_about(self, *about):
        """Return a reason: words about erased accounts are refused, and codes are not."""
        return "looked" if self.erased.isdisjoint(about) else "spam"

    # Appeals

    def appeal(self, who, which):
        person = self.people[who]
        decisions = decisions_about(person.id)
        if person.id in self.erased or not decisions:
            return
        decision = pick(decisions, which).view
        new, code = attempt(
            appeals.appeal_decision, user_id=person.id, decision_id=decision.id, text="?"
        )
        assert (code is None) == (decision.appealable or decision.appeal is not None), code
        assert new is None or new[0].appellant_id == person.id

    def appeal_report(self, _who, which):
        reports = list(Report.objects.exclude(reporter__in=self.erased).order_by("id"))
        if reports:
            made = pick(reports, which)
            attempt(
                appeals.appeal_report, user_id=made.reporter_id, report_id=made.id, text="Again."
            )

    def decide_appeal(self, who, which, is_overturned):
        appeal, actor = pick(Appeal.objects.order_by("id"), which), self.actor(who)
        outcome = AppealOutcome.OVERTURNED if is_overturned else AppealOutcome.UPHELD
        own = Message.objects.filter(author=appeal.appellant, status="APPROVED")
        seen = set(own.values_list("id", flat=True))
        decided, code = attempt(
            appeal_decisions.decide_appeal,
            actor=actor,
            appeal_id=appeal.id,
            outcome=outcome,
            reason="spam",
        )
        if decided is None:
            assert code in {
                "own_case", "own_report", "own_ruling", "appeal_decided", "decided_by_ruling",
            }, code  # fmt: skip
            return
        if appeal.state == "decided":
            assert (appeal.decided_by_id, appeal.outcome) == (actor.id, outcome.value)
            return
        self.audit_lines += 1
        assert not seen - set(own.values_list("id", flat=True)), "an appeal cost a text"
        if is_overturned:
            self.end_in_model(appeal.decision_id, is_undone=True)
            for ruling in self.made:
                if ruling.id == appeal.appealed_id:
                    self.overturned(ruling)

    # Privacy

    def erase(self, who):
        person = self.people[who]
        if person.id in self.erased:
            return
        erasures.order_erasure(actor_id=None, user_id=person.id)
        while erasing.run_slice(person.id):
            pass
        assert Erasure.objects.get(user=person).state == "done"
        self.audit_lines += 2  # ordered, and done
        self.erased.add(person.id)
        self.members.discard(person.id)
        for known in self.posted.values():
            if known.author == person:
                self.end(known)
        assert tables_with(canary(person)) == set()

    # What holds after each act

    @invariant()
    def those_without_a_sanction_may_speak(self):
        for person in self.people:
            found = find_restriction(user_id=person.id, scope_id=self.room.id)
            code = {None: None, "mute": "muted", "ban": "banned"}[found and found.kind]
            assert code == self.silence_of(person)

    @invariant()
    def members_are_as_before_what_was_undone(self):
        found = Membership.objects.filter(room=self.room).values_list("user_id", flat=True)
        assert set(found) == self.members

    @invariant()
    def others_see_what_was_allowed(self):
        for reader in (self.people[0], self.people[-1]):
            feed = changes(
                reader_id=reader.id, room_id=self.room.id, after=0, epoch=None, language="en"
            )
            for message in feed.messages:
                if message.content and message.author.id != reader.id:
                    assert self.shown[message.content], f"shows {message.content}"

    @invariant()
    def unedited_text_is_visible_if_it_was_allowed(self):
        for message in Message.objects.filter(pk__in=self.posted):
            known = self.posted[message.id]
            if len(known.texts) == 1:
                assert (message.status == "APPROVED") == (self.shown[known.texts[1]] is True)

    @invariant()
    def nobody_decides_about_themselves(self):
        own = Q(decided_by=F("appellant")) | Q(decided_by=F("first_decider"))
        own |= Q(decided_by=F("appealed__author"))
        found = counts(
            "about themselves",
            lambda: {
                "rulings": Ruling.objects.filter(actor=F("author")),
                "sanctions": Sanction.objects.filter(Q(actor=F("user")) | Q(lifted_by=F("user"))),
                "appeals": Appeal.objects.filter(own),
            },
        )
        assert found == {"rulings": 0, "sanctions": 0, "appeals": 0}

    @invariant()
    def each_decision_is_on_record(self):
        lines = ModerationLog.objects.filter(actor__isnull=False)
        found = counts(
            "on record",
            lambda: {
                "decided": lines.filter(decided_by="moderator"),
                "undone": lines.filter(decided_by="undone"),
                "rulings": Ruling.objects.exclude(content="hold"),
                "audited": AuditLine.objects.filter(action__in=AUDITED),
            },
        )
        assert found == {
            "decided": self.log_lines,
            "undone": self.undone_lines,
            "rulings": self.log_lines,
            "audited": self.audit_lines,
        }

    @invariant()
    def case_is_open_if_something_is_open(self):
        for message in Message.objects.filter(status="HELD"):
            assert self.open_cases(subject_id=message.id, revision=message.revision)
        found = counts("open", open_at_fault)
        assert not any(found.values()), found

    @invariant()
    def changes_are_numbered_without_a_hole(self):
        numbers = [
            change.seq
            for event in self.heard
            for room in event.rooms
            for change in room.changes
            if room.room_id == self.room.id
        ]
        self.room.refresh_from_db(fields=["seq"])
        assert numbers == list(range(1, self.room.seq + 1))

    # The model

    def actor(self, who):
        return Actor(id=self.people[who].id, scope_ids=None)

    def open_cases(self, **about):
        return list(Case.objects.filter(state="open", **about).order_by("id"))

    def is_party(self, actor, case):
        excluded = CaseExclusion.objects.filter(case=case, user=actor.id)
        # A reporter of a text is a party in each case about it.
        text = {"subject_id": case.subject_id, "revision": case.revision}
        reported = Report.objects.filter(reporter=actor.id, subject_type="message", **text)
        return case.author_id == actor.id or excluded.exists() or reported.exists()

    def silence_of(self, person):
        kinds = {kind for user_id, kind, _ in self.sanctions.values() if user_id == person.id}
        if SanctionKind.BAN in kinds:
            return "banned"
        return "muted" if SanctionKind.MUTE in kinds else None

    def impose_in_model(self, sanction_id, person_id, kind, everywhere):
        self.sanctions[sanction_id] = (person_id, kind, everywhere)
        if kind == SanctionKind.BAN and not everywhere and person_id in self.members:
            self.members.remove(person_id)
            self.expelled[person_id] = sanction_id

    def end_in_model(self, sanction_id, *, is_undone=False):
        known = self.sanctions.pop(sanction_id, None) or self.over.pop(sanction_id, None)
        if known is None or known[1] != SanctionKind.BAN or known[2]:
            return
        person_id = known[0]
        is_expelling = self.expelled.get(person_id) == sanction_id
        if is_expelling and is_undone:
            self.expelled[person_id] = None
        elif is_expelling:
            del self.expelled[person_id]
        others = (person_id, SanctionKind.BAN, False) in self.sanctions.values()
        if is_undone and not others and self.expelled.get(person_id, "none") is None:
            del self.expelled[person_id]
            if person_id not in self.erased:
                self.members.add(person_id)

    def new_text(self, person, word):
        return f"{word} texto {next(self.numbers)} {canary(person)}".strip()

    def is_out(self, known):
        """Tell whether the author was banned or removed: what waits of them is withheld."""
        author_id = known.author.id
        if (author_id, SanctionKind.BAN, True) in self.sanctions.values():
            return True
        was_removed = Removal.objects.filter(room=self.room, user=author_id).exists()
        return was_removed and author_id not in self.members

    def end(self, known):
        known.acts += 1
        for text in known.texts.values():
            self.shown[text] = False

    def state_of(self, case):
        message = Message.objects.filter(pk=case.subject_id).first()
        if message is None:
            return None
        kept = message.revisions.order_by("revision").values_list("revision", "status", "text")
        return {
            "message": (message.status, message.text, message.revision, message.reason),
            "edit": (message.edit_status, message.edit_text, message.edit_revision),
            "kept": list(kept),
            "categories": (message.categories, message.edit_categories),
        }

    def note(self, made, before, everywhere):
        known = self.posted.get(made.subject_id)
        text = known.texts[made.revision] if known else None
        imposed = Sanction.objects.filter(ruling=made.id)
        for sanction in imposed:
            self.impose_in_model(sanction.id, sanction.user_id, sanction.kind, everywhere)
        if known:
            known.acts += 1
        self.made.append(
            Made(
                id=made.id,
                message=known and made.subject_id,
                revision=made.revision,
                text=text,
                was_shown=self.shown.get(text),
                before=before,
                acts=known.acts if known else 0,
                sanctions=[sanction.id for sanction in imposed],
            )
        )
        if text:
            self.shown[text] = made.content != ContentOutcome.REMOVE

    def overturned(self, ruling):
        reversal = Ruling.objects.filter(reverses=ruling.id).first()
        if reversal is not None:
            self.reversed_by(ruling, reversal)
            return
        for sanction_id in ruling.sanctions:  # a later ruling says what becomes of the text
            self.end_in_model(sanction_id, is_undone=True)

    def reversed_by(self, ruling, reversal):
        assert not ruling.ended
        is_open_again = reversal.content == ContentOutcome.HOLD
        if is_open_again:
            self.undone_lines += 1
        else:
            self.log_lines += 1
        is_shown = reversal.content in SHOWING
        self.ends(ruling, "reopened" if is_open_again else "reversed", is_shown)
        known = self.posted.get(ruling.message)
        self.made.append(
            Made(
                id=reversal.id,
                message=ruling.message,
                revision=ruling.revision,
                text=ruling.text,
                was_shown=not is_shown,
                before=None,
                acts=known.acts if known else 0,
            )
        )

    def ends(self, ruling, how, is_shown):
        """The ruling has no consequences any more, and everything is as it was before."""
        ruling.ended = how
        for sanction_id in ruling.sanctions:
            self.end_in_model(sanction_id, is_undone=True)
        known = self.posted.get(ruling.message)
        if known is None:
            return
        if known.acts == ruling.acts and ruling.before is not None:
            now = self.state_of(Case(subject_id=ruling.message))
            if how != "reversed":
                assert now == ruling.before
            elif ruling.was_shown and is_shown:
                assert now["message"][:3] == ruling.before["message"][:3]
        known.acts += 1
        if Message.objects.get(pk=ruling.message).status != "REMOVED":
            self.shown[ruling.text] = is_shown


def attempt(act, **given):
    """Do it; return the result and no code, or no result and the code of the refusal."""
    published = len(Enforcement.heard)
    try:
        with transaction.atomic():
            return act(**given), None
    except ApplicationError as refusal:
        del Enforcement.heard[published:]
        return None, refusal.code


def open_at_fault():
    """What is open although what it is about is not, and claims without an end."""
    unsettled = Ruling.objects.filter(
        case=OuterRef("case"), settled_at=None, undone_at=None, reverses=None
    )
    reports = Report.objects.filter(~Exists(unsettled), state="open")
    appeals = Appeal.objects.filter(state="open", case__isnull=False)
    ended = Message.objects.filter(status="REMOVED").values("id")
    is_open = Case.objects.filter(state="open")
    return {
        "reports": reports.exclude(case__state="open"),
        "appeals": appeals.exclude(case__state="open"),
        "cases of ended messages": is_open.filter(subject_id__in=ended),
        "claims without an end": is_open.filter(claimed_by__isnull=False, claimed_until=None),
    }


def counts(name, rows):
    """Count rows by name, all in one statement, which Django composes once."""
    if name not in _statements:
        composed = {key: each.order_by().query.sql_with_params() for key, each in rows().items()}
        columns = [f"(SELECT count(*) FROM ({sql}) t)" for sql, _ in composed.values()]  # noqa: S608  (Django's)
        values = [value for _, params in composed.values() for value in params]
        _statements[name] = (list(composed), f"SELECT {', '.join(columns)}", values)
    names, statement, values = _statements[name]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return dict(zip(names, cursor.fetchone(), strict=True))


def pick(things, number):
    things = list(things)
    return things[number % len(things)]


def canary(person):
    return f"canary{person.id.hex[-12:]}"
