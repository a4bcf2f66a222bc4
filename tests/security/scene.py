"""One room with a user of every role, and helpers that send REST requests as each of them."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, models, transaction
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.test import APIClient

from moderado.accounts.models import Invitation, User
from moderado.accounts.services import invitations, sessions
from moderado.chat.models import Membership, Message, Room
from moderado.chat.services import memberships, posting
from moderado.chat.services.purge_requests import start_purge
from moderado.chat.services.screening import screen_waiting
from moderado.enforcement.errors import BannedFromServer
from moderado.enforcement.models import BulkRuling, Purge, Queue, Ruling, Sanction
from moderado.enforcement.selectors.cases import CaseFilter
from moderado.enforcement.services import exports
from moderado.enforcement.services.appeals import appeal_decision
from moderado.enforcement.services.bulk import start_bulk
from moderado.enforcement.services.hash_bank import bank_message
from moderado.enforcement.services.rulings import Proposal
from moderado.enforcement.services.sanctions import apply_sanction
from moderado.enforcement.types import Actor, ContentOutcome
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.services import evaluations, policies
from moderado.moderation.services.policy_documents import parse_document
from moderado.moderation.services.recording import record
from moderado.moderation.types import Content, Outcome, Verdict
from tests import factories
from tests.rulings import make_ruling
from tests.security.access_table import EQUALS, ROLES

# Tables that a refused request must not change.
TABLES = (User, Invitation, Room, Membership, Message, Case, Sanction)
Row = dict[str, Any]
Tables = dict[str, list[Row]]


class Scene:
    """`people` by role; `other` is a second member, `newcomer` a user who can be added.

    Args:
        is_private: Whether the room is.
        prepare: Writes to the room before the scene has messages that wait for a decision.
    """

    def __init__(
        self, *, is_private: bool, prepare: "Callable[[Scene], object] | None" = None
    ) -> None:
        admin = factories.make_user(name="Admin")
        self.room = factories.make_room(created_by=admin, is_private=is_private)
        self.people = {"admin": admin}
        self._enter("admin", "ADMIN")
        for role, place in (
            ("member", "MEMBER"),
            ("moderator", "MODERATOR"),
            ("left", "MODERATOR"),
        ):
            self.people[role] = factories.make_user(name=role.title())
            self._enter(role, place)
        self.people["stranger"] = factories.make_user(name="Stranger")
        self.people["staff"] = factories.make_staff(
            *factories.MODERATING,
            *factories.INVITING,
            *factories.POLICING,
            *factories.EVALUATING,
            *factories.ENFORCING,
            *factories.SANCTIONING,
            *factories.REPORTING,
            *factories.PRESERVING,
            *factories.AUDITING,
            name="Staff",
        )
        self.people["flagged"] = factories.make_user(name="Flagged", is_staff=True)
        for role in ("muted", "banned"):
            self.people[role] = factories.make_user(name=role.title())
            self._enter(role, "MEMBER")
        self.people["appealing"] = factories.make_user(name="Appealing")
        self.other = factories.make_member(self.room).user
        self.newcomer = factories.make_user()
        self.session = sessions.open_session(user=self.newcomer)
        self.export = exports.request_export(user_id=self.newcomer.id).id
        memberships.remove_participant(
            actor_id=admin.id, room_id=self.room.id, user_id=self.people["left"].id
        )
        self.invitation = invitations.create_invitation(actor_id=admin.id)
        self.message = self.say_publicly()
        self.reportable = self._say_as_other("boa noite")
        self.orderable = self._say_as_other("um texto comprido o bastante para o banco de textos")
        banked, _ = bank_message(actor_id=None, message_id=self.orderable, order="-")
        self.banked = banked.id
        if prepare is not None:
            prepare(self)
        self.hidden = self.say("ainda não")
        self.case = self._open_case(self.hidden, self.people["member"])
        self.own_case = self._open_case(self.say("minha", "moderator"), self.people["moderator"])
        self.queue = Queue.objects.create(name="scene", position=1)
        self.ruling, self.bulk = self._rule()
        self.purge = self._purge()
        self.suspension = factories.make_suspension(self.other)
        self.appeal, _ = appeal_decision(
            user_id=self.other.id, decision_id=self.suspension.id, text="-"
        )
        self.report = factories.make_rejected_reports(admin)
        self.notice, self._code = factories.make_notice()
        self.policy = self._enable_two_versions()
        self.evaluation = evaluations.request_evaluation(
            actor_id=None, request=evaluations.EvaluationRequest(kind="replay")
        ).id
        self._sanction_id = self._sanction(self.other, "mute", self.room.id)
        self._server_sanction_id = self._sanction(self.people["muted"], "mute", None)
        self._warning_id = self._sanction(admin, "warning", self.room.id)
        self._sanction(self.people["banned"], "ban", self.room.id)
        self.room.refresh_from_db()
        self._names = {role: self._names_for(role) for role in (*ROLES, *EQUALS)}
        self._sanction(self.people["appealing"], "ban", None)
        self._names["appealing"]["token"] = self._appeal_token()
        self._clients = {role: self._client_of(role) for role in (*ROLES, *EQUALS)}

    def say(self, text: str, role: str = "member") -> UUID:
        """Post a message that stays pending."""
        author = self.people[role]
        return posting.post_message(author_id=author.id, room_id=self.room.id, text=text).view.id

    def _say_as_other(self, text: str) -> UUID:
        posted = posting.post_message(author_id=self.other.id, room_id=self.room.id, text=text)
        screen_waiting()
        return posted.view.id

    def say_publicly(self) -> UUID:
        """Post a message of the member that is visible to the room."""
        message_id = self.say("bom dia")
        screen_waiting()
        return message_id

    def enlist(self, role: str, user: User) -> None:
        """Add a person of another role, who may ask."""
        self.people[role] = user
        self._names[role] = self._names_for(role)
        self._clients[role] = self._client_of(role)

    def names(self, role: str) -> dict[str, str]:
        """Return the values of the table's placeholders for this role."""
        return dict(self._names[role])

    def _names_for(self, role: str) -> dict[str, str]:
        user = self.people.get(role, self.people["member"])
        tokens = sessions.tokens_of(session=sessions.open_session(user=user))
        return {
            "room": str(self.room.id), "other": str(self.other.id), "case": str(self.case),
            "policy": self.policy, "version": "2", "evaluation": str(self.evaluation),
            "log": str(ModerationLog.objects.get(subject_id=self.hidden).id),
            "queue": str(self.queue.id), "ruling": str(self.ruling.id), "bulk": str(self.bulk.id),
            "own_case": str(self.own_case), "invitation": str(self.invitation.id),
            "sanction": str(self._sanction_id), "server_sanction": str(self._server_sanction_id),
            "purge": str(self.purge.id),
            "recently": (timezone.now() - timedelta(hours=1)).isoformat(),
            "soon": (timezone.now() + timedelta(hours=1)).isoformat(),
            "message": str(self.message), "reportable": str(self.reportable),
            "suspension": str(self.suspension.id), "decision": str(self._warning_id),
            "report": str(self.report.id), "appeal": str(self.appeal.id),
            "reporter": str(self.people["admin"].id), "author": str(self.people["member"].id),
            "hidden": str(self.hidden), "banked": str(self.banked),
            "orderable": str(self.orderable), "protocol": self.notice.protocol,
            "code": self._code,
            "newcomer": str(self.newcomer.id), "session": str(self.session.id), "email": user.email,
            "export": str(self.export),
            "password": factories.PASSWORD, "refresh": tokens.refresh, "token": tokens.access,
        }  # fmt: skip

    def _client_of(self, role: str) -> APIClient:
        client = APIClient()
        if role in self.people:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {self._names[role]['token']}")
        return client

    def ask(self, role: str, method: str, path: str, body: Row | None = None) -> Response:
        """Send the request and keep its changes."""
        names = self._names[role]
        url = ("/" if path.startswith("v1") else "/api/") + filled(path, names)
        text = json.dumps(filled(body or {}, names))
        answer: Response = self._clients[role].generic(method, url, text, "application/json")
        return answer

    def send(self, role: str, method: str, url: str, text: str) -> Response:
        """Send a body as it is written, and roll the request back."""
        with transaction.atomic():
            answer: Response = self._clients[role].generic(method, url, text, "application/json")
            transaction.set_rollback(True)
        return answer

    def try_out(self, role: str, method: str, path: str, body: Row | None = None) -> Response:
        """Send the request and roll it back."""
        with transaction.atomic():
            answer = self.ask(role, method, path, body)
            transaction.set_rollback(True)
        return answer

    def effect_of(
        self, role: str, method: str, path: str, body: Row | None = None
    ) -> tuple[Response, Tables]:
        """Send the request and roll it back; return the answer and the tables after it."""
        with transaction.atomic():
            answer = self.ask(role, method, path, body)
            tables = snapshot()
            transaction.set_rollback(True)
        return answer, tables

    def probe(
        self, role: str, method: str, path: str, body: Row | None, *, before: str
    ) -> tuple[Response, bool]:
        """Send the request and roll it back.

        Args:
            before: The fingerprint of the tables without it.

        Returns:
            The answer, and whether the request was refused and yet changed the tables.
        """
        with transaction.atomic():
            answer = self.ask(role, method, path, body)
            has_changed = answer.status_code >= 400 and has_written() and fingerprint() != before
            transaction.set_rollback(True)
        return answer, has_changed

    def _enter(self, role: str, place: str) -> None:
        factories.make_member(self.room, user=self.people[role], role=place)

    def _appeal_token(self) -> str:
        """Return what the refused sign-in of the person who is banned from the server has."""
        try:
            sessions.sign_in(email=self.people["appealing"].email, password=factories.PASSWORD)
        except BannedFromServer as refusal:
            return str(refusal.details["appeal_token"])
        raise AssertionError("a banned person signed in")

    def _sanction(self, user: User, kind: str, scope_id: UUID | None) -> UUID:
        with transaction.atomic():
            return apply_sanction(
                actor_id=None, user_id=user.id, kind=kind, scope_id=scope_id, term=None,
                reason="spam",
            ).id  # fmt: skip

    def _enable_two_versions(self) -> str:
        document = parse_document(document={"name": "house"})
        policies.create_policy(actor_id=None, document=document)
        policies.save_version(actor_id=None, name="house", document=document)
        for number in (1, 2):
            policies.enable(actor_id=None, name="house", number=number)
        return "house"

    def _rule(self) -> tuple[Ruling, BulkRuling]:
        """Rule as staff, with as much time to undo as the tests take, and start a bulk."""
        staff, content = self.people["staff"], ContentOutcome.REMOVE
        case_id = self._open_case(self.say("outra"), self.people["member"])
        ruling = make_ruling(actor_id=staff.id, case_id=case_id, content=content)
        later = timezone.now() + timedelta(days=1)
        Ruling.objects.filter(pk=ruling.pk).update(undo_until=later)
        bulk_ruling, _is_new = start_bulk(
            actor=Actor(id=staff.id, scope_ids=None),
            wanted=CaseFilter(scope_id=uuid4()),
            proposal=Proposal(content=content, reason="-"),
        )
        return ruling, bulk_ruling

    def _purge(self) -> Purge:
        """Start a purge of the room, which no worker carries out."""
        purge, _is_new = start_purge(
            actor=Actor(id=self.people["admin"].id, scope_ids=[self.room.id]),
            user_id=self.other.id,
            since=timezone.now() - timedelta(hours=1),
            reason="spam",
        )
        return purge

    def _open_case(self, message_id: UUID, author: User) -> UUID:
        content = Content(
            subject_type="message", subject_id=message_id, revision=1, text="ainda não",
            scope_id=self.room.id, author_id=author.id,
        )  # fmt: skip
        with transaction.atomic():
            record([(content, Verdict(outcome=Outcome.HOLD, score=0.6, decided_by="blocklist"))])
        return Case.objects.get(subject_id=message_id).id


def filled(template: Any, names: dict[str, str]) -> Any:
    """Fill the placeholders of `template`."""
    if isinstance(template, dict):
        return {filled(key, names): filled(value, names) for key, value in template.items()}
    if isinstance(template, str):
        for name, value in names.items():
            template = template.replace(f"{{{name}}}", value)
    return template


def fields_of(table: type[models.Model]) -> set[str]:
    """Return the fields by attribute and column name."""
    return {name for field in table._meta.concrete_fields for name in (field.name, field.attname)}


def snapshot() -> Tables:
    """Return every row of the tables, as psycopg reads it: hundreds of snapshots are compared."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            fields = table._meta.concrete_fields  # columns beside them: what PostgreSQL generates
            columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
            order = connection.ops.quote_name(table._meta.pk.column)
            cursor.execute(f"SELECT {columns} FROM {table._meta.db_table} ORDER BY {order}")  # noqa: S608  (names of our tables)
            names = [field.attname for field in fields]
            found[table.__name__] = [dict(zip(names, row, strict=True)) for row in cursor]
    return found


def has_written() -> bool:
    """Return whether this transaction has written or locked a row: before, it has no number."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
        found: bool = cursor.fetchone()[0]
    return found


def fingerprint() -> str:
    """Return a hash of every row of the tables, made by PostgreSQL."""
    names = [table._meta.db_table for table in TABLES]
    rows = " UNION ALL ".join(
        f"SELECT concat('{name} ', t::text) AS line FROM {name} t"  # noqa: S608  (names of our tables)
        for name in names
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT md5(string_agg(line, '' ORDER BY line)) FROM ({rows}) AS all_rows")  # noqa: S608
        found: str = cursor.fetchone()[0]
    return found
