"""From a report to an appeal that overturns it, by REST alone, written from docs/enforcement.md.

It imports nothing of the server. An operator of the server promotes its two moderators.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import uuid4

from tests.journey import TIMEOUT, Person

Body = dict[str, Any]
Found = TypeVar("Found")

NOTE = "Isto humilha uma pessoa."
MUTE = {"kind": "mute", "term_seconds": 86_400, "scope": "server"}
STRIKE = {"kind": "strike", "scope": "room"}
WARNING = {"kind": "warning", "scope": "server"}
RULING = {
    "content": "remove",
    "sanctions": [MUTE, STRIKE],
    "reason": "harassment",
    "public_note": NOTE,
    "private_note": "segunda vez",
    "revision": 1,
}


class EnforcementJourney:
    """A member reports, a moderator decides and undoes, the author appeals, another overturns."""

    def __init__(self, server: str, *, promote: Callable[[str], Awaitable[None]]) -> None:
        """Prepare the persons.

        Args:
            server: Its URL.
            promote: Makes the account with this id a moderator of the whole server.
        """
        self.author = Person(server, "Davi")
        self.reporter = Person(server, "Eva")
        self.first, self.second = (Person(server, name) for name in ("Fabio", "Gilda"))
        self._promote = promote
        self.text = f"ninguém gosta de você, canary{uuid4().hex}"
        self.room = ""
        self.message: Body = {}
        self.before: Body = {}  # what author and reporter saw before the ruling
        self.own_ruling = ""  # on what the first moderator wrote

    async def walk(self) -> None:
        """Run every step. Raises AssertionError for a broken promise."""
        people = (self.author, self.reporter, self.first, self.second)
        steps = [
            self.they_meet_and_one_says_something_mean,
            self.the_other_reports_message_and_person,
            self.nobody_decides_about_themselves,
            self.a_moderator_decides_content_and_author_and_undoes_it,
            self.the_same_again_stays,
            self.the_author_reads_why_and_appeals,
            self.another_moderator_overturns_it,
            self.everything_is_as_before,
            self.nobody_undoes_or_appeals_to_themselves,
            self.the_reporter_hears_of_it,
            self.a_report_of_a_person_without_action_is_appealed,
        ]
        try:
            for step in steps:
                await step()
        finally:
            for person in people:
                await person.leave()

    async def they_meet_and_one_says_something_mean(self) -> None:
        for person in (self.author, self.reporter, self.first, self.second):
            await person.register()
        for person in (self.first, self.second):
            await self._promote(person.id)
        room = await self.first.ask("POST", "chat/rooms/", json={"name": "Sala"}, expect=201)
        self.room = room["id"]
        for person in (self.author, self.reporter):
            await person.ask("POST", f"chat/rooms/{self.room}/join/")
        self.message = await self._say(self.author, self.text)

    async def the_other_reports_message_and_person(self) -> None:
        for subject in ({"message": self.message["id"]}, {"user": self.author.id}):
            body = subject | {"category": "harassment", "comment": "desde ontem"}
            await self.reporter.ask("POST", "chat/reports/", json=body, expect=201)

    async def nobody_decides_about_themselves(self) -> None:
        own = await self._say(self.first, "bom dia")
        body = {"message": own["id"], "category": "spam"}
        await self.reporter.ask("POST", "chat/reports/", json=body, expect=201)
        case = await self._case_of(self.second, own["id"])
        for act, sent in (("claim", {}), ("ruling", {**RULING, "content": "allow"})):
            path = f"enforcement/cases/{case['id']}/{act}/"
            refused = await self.first.ask("POST", path, json=sent, expect=403)
            assert refused["code"] == "own_case", refused
        path = f"enforcement/cases/{case['id']}/ruling/"
        for member in (self.author, self.reporter):
            await member.ask("POST", path, json=RULING, expect=404)
        sanction = {"user": self.first.id, "kind": "warning", "scope": "server", "reason": "spam"}
        await self._refused(self.first, "enforcement/sanctions/", sanction, code="own_case")
        decided = {"content": "remove", "sanctions": [WARNING], "reason": "spam", "revision": 1}
        made = await self.second.ask("POST", path, json=decided, expect=201)
        self.own_ruling = made["ruling"]["id"]
        for act in ("undo", "reverse"):
            path = f"enforcement/rulings/{self.own_ruling}/{act}/"
            await self._refused(self.first, path, {"reason": "mistake"}, code="own_case")

    async def a_moderator_decides_content_and_author_and_undoes_it(self) -> None:
        ruling = await self._rule()
        assert self.text not in await self._history(self.reporter)
        refused = await self._post(self.author, "e agora?", expect=403)
        assert refused["code"] == "muted", refused
        assert refused["details"]["reason"] == "harassment", refused

        path = f"enforcement/rulings/{ruling['id']}/undo/"
        await self.first.ask("POST", path)

        assert self.text in await self._history(self.reporter)
        assert await self._states_of_sanctions() == ["lifted"] * 2
        assert await self._mine("me/decisions/") == []
        await self._say(self.author, "continuo aqui")

    async def the_same_again_stays(self) -> None:
        self.before = await self._seen()
        await self._rule()
        assert await self._seen() != self.before

    async def the_author_reads_why_and_appeals(self) -> None:
        decisions = await self._until(lambda: self._mine("me/decisions/"), what="the decision")
        content = next(each for each in decisions if each["outcome"] == "removed")
        assert content["by"] == "moderation", content
        assert (content["reason"], content["public_note"]) == ("harassment", NOTE), content
        assert content["appealable"], content
        assert content["appeal_until"], content
        strike, sanction, *_ = await self._mine("me/sanctions/")
        assert (strike["kind"], strike["points"], strike["state"]) == ("strike", 1, "active"), (
            strike
        )
        assert (sanction["kind"], sanction["reason"]) == ("mute", "harassment"), sanction
        assert sanction["ends_at"], sanction
        heard = self.author.received
        assert "Fabio" not in heard, "a moderator has no name for members"
        assert "desde ontem" not in heard
        path = f"me/decisions/{content['id']}/appeal/"
        await self.author.ask("POST", path, json={"text": "Era uma citação."}, expect=201)

    async def another_moderator_overturns_it(self) -> None:
        (appeal,) = await self._list(self.second, "enforcement/appeals/", of=self.author)
        assert await self._list(self.first, "enforcement/appeals/", of=self.author) == []
        path = f"enforcement/appeals/{appeal['id']}/decision/"
        decision = {"outcome": "overturned", "reason": "quote", "public_note": "Tem razão."}
        refused = await self.first.ask("POST", path, json=decision, expect=403)
        assert refused["code"] == "own_ruling", refused
        for member in (self.author, self.reporter):
            await member.ask("POST", path, json=decision, expect=404)
        await self.second.ask("POST", path, json=decision)

    async def everything_is_as_before(self) -> None:
        assert self.text in await self._history(self.reporter)
        assert await self._seen() == self.before
        await self._say(self.author, "obrigado")
        assert await self._states_of_sanctions() == ["lifted"] * 4
        decision = next(
            each for each in await self._mine("me/decisions/") if each["outcome"] == "removed"
        )
        assert decision["is_reversed"], decision
        appeal = decision["appeal"]
        assert (appeal["outcome"], appeal["public_note"]) == ("overturned", "Tem razão."), appeal

    async def nobody_undoes_or_appeals_to_themselves(self) -> None:
        (warning,) = await self._list(self.first, "me/sanctions/")
        path = f"enforcement/sanctions/{warning['id']}/lift/"
        await self._refused(self.first, path, {"reason": "mistake"}, code="own_case")
        path = f"enforcement/rulings/{self.own_ruling}/reverse/"
        await self._refused(self.first, path, {"reason": "mistake"}, code="own_case")

        path = f"me/decisions/{self.own_ruling}/appeal/"
        appeal = await self.first.ask("POST", path, json={"text": "Foi só um oi."}, expect=201)
        path = f"enforcement/appeals/{appeal['id']}/decision/"
        decision = {"outcome": "overturned", "reason": "mistake"}
        await self._refused(self.first, path, decision, code="own_case")
        await self._refused(self.second, path, decision, code="own_ruling")
        for moderator in (self.first, self.second):
            assert await self._list(moderator, "enforcement/appeals/", of=self.first) == []

    async def the_reporter_hears_of_it(self) -> None:
        await self._reported(self.message["id"], "no_action")

    async def a_report_of_a_person_without_action_is_appealed(self) -> None:
        case = await self._case_of(self.second, self.author.id)
        ruling = {"content": "allow", "sanctions": [], "reason": "context", "revision": 1}
        path = f"enforcement/cases/{case['id']}/ruling/"
        await self.second.ask("POST", path, json=ruling, expect=201)

        report = await self._reported(self.author.id, "no_action")
        assert report["appealable"] is True, report
        path = f"chat/reports/{report['id']}/appeal/"
        await self.reporter.ask("POST", path, json={"text": "Continua."}, expect=201)
        case = await self._case_of(self.first, self.author.id)
        path = f"enforcement/cases/{case['id']}/ruling/"
        refused = await self.second.ask("POST", path, json=ruling, expect=403)
        assert refused["code"] == "own_ruling", refused
        warning = {**ruling, "sanctions": [WARNING]}  # about a person there is no content
        await self.first.ask("POST", path, json=warning, expect=201)
        await self._reported(self.author.id, "action_taken")

    async def _states_of_sanctions(self) -> list[str]:
        return [each["state"] for each in await self._mine("me/sanctions/")]

    async def _seen(self) -> Body:
        """Return all that author and reporter see of each other, the room and its messages.

        `seq` counts changes, and so does the room's revision of its feed: they only grow.
        """
        seen, heard = {}, self.author.received  # a room names who created it
        for person in (self.author, self.reporter):
            for path in ("", "messages/", "search/?q=ninguém"):
                seen[person.name, path] = await person.ask("GET", f"chat/rooms/{self.room}/{path}")
            seen[person.name, "me"] = await person.ask("GET", "auth/users/me/")
        seen["in force"] = [
            each for each in await self._mine("me/sanctions/") if each["state"] == "active"
        ]
        self.author.received = heard
        return {key: _without(value, "seq", "last_seq") for key, value in seen.items()}

    async def _refused(self, person: Person, path: str, body: Body, *, code: str) -> None:
        refused = await person.ask("POST", path, json=body, expect=403)
        assert refused["code"] == code, refused

    async def _rule(self) -> Body:
        case = await self._case_of(self.first, self.message["id"])
        path = f"enforcement/cases/{case['id']}/"
        await self.first.ask("POST", f"{path}claim/")
        made = await self.first.ask("POST", f"{path}ruling/", json=RULING, expect=201)
        ruling: Body = made["ruling"]
        return ruling

    async def _case_of(self, moderator: Person, subject: str) -> Body:
        async def find() -> Body | None:
            cases = await self._list(moderator, "enforcement/cases/?state=open")
            return next((each for each in cases if each["subject"]["id"] == subject), None)

        return await self._until(find, what="a case")

    async def _reported(self, subject: str, outcome: str) -> Body:
        """Wait until the reporter reads this outcome of the report; return the report."""

        async def find() -> Body | None:
            mine = await self._list(self.reporter, "chat/reports/mine/")
            (report,) = [each for each in mine if each["subject"] == subject]
            return report if report["outcome"] == outcome else None

        return await self._until(find, what=f"the report is decided: {outcome}")

    async def _say(self, person: Person, text: str) -> Body:
        """Post a text; wait until the reporter reads it."""
        posted: Body = await self._post(person, text)

        async def is_shown() -> bool:
            return text in await self._history(self.reporter)

        await self._until(is_shown, what=f"{text} is shown")
        return posted

    async def _post(self, person: Person, text: str, *, expect: int = 202) -> Body:
        path = f"chat/rooms/{self.room}/messages/"
        answer: Body = await person.ask("POST", path, json={"content": text}, expect=expect)
        return answer

    async def _history(self, person: Person) -> list[str]:
        page = await person.ask("GET", f"chat/rooms/{self.room}/messages/")
        return [each["content"] for each in page["results"]]

    async def _mine(self, path: str) -> list[Body]:
        return await self._list(self.author, path)

    async def _list(self, person: Person, path: str, *, of: Person | None = None) -> list[Body]:
        page = await person.ask("GET", path)
        return [each for each in page["results"] if of is None or each["appellant"]["id"] == of.id]

    async def _until(self, look: Callable[[], Awaitable[Found]], *, what: str) -> Found:
        """Look again until there is something."""
        try:
            async with asyncio.timeout(TIMEOUT):
                while not (found := await look()):
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise AssertionError(f"not within {TIMEOUT} s: {what}") from None
        return found


def _without(value: Any, *names: str) -> Any:
    """Return a JSON value without these fields of its objects."""
    if isinstance(value, dict):
        return {name: _without(each, *names) for name, each in value.items() if name not in names}
    return [_without(each, *names) for each in value] if isinstance(value, list) else value
