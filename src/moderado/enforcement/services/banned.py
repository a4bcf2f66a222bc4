"""Appeals of persons who cannot sign in, because they are banned from the server."""

from uuid import UUID

from moderado.accounts.errors import NotAuthenticated
from moderado.enforcement.models import Appeal
from moderado.enforcement.selectors.appeals import own_appeal_of
from moderado.enforcement.selectors.restrictions import find_server_ban
from moderado.enforcement.services.admission import person_of_appeal_token
from moderado.enforcement.services.appeals import appeal_decision
from moderado.enforcement.views import AppealView


def appeal_ban(*, token: str, text: str) -> Appeal:
    """Appeal the ban that keeps a person out.

    Args:
        token: The appeal token of the refused sign-in.
        text: 1 to 2,000 characters.

    Raises:
        NotAuthenticated: The token is not valid any more, or the ban has ended.
        AlreadyAppealed, AppealExpired, NotAppealable, Invalid: As for other decisions.
    """
    user_id, decision_id = _ban_of(token)
    appeal, _ = appeal_decision(user_id=user_id, decision_id=decision_id, text=text)
    return appeal


def appeal_of_ban(*, token: str) -> AppealView | None:
    """Return what became of the appeal of the ban that keeps a person out; None without one.

    Raises:
        NotAuthenticated: As `appeal_ban`.
    """
    user_id, decision_id = _ban_of(token)
    return own_appeal_of(user_id, decision_id=decision_id)


def _ban_of(token: str) -> tuple[UUID, UUID]:
    """Return the person whom an appeal token names, and the decision that keeps them out."""
    person = person_of_appeal_token(token=token)
    ban = find_server_ban(person.id)
    if ban is None or ban.decision is None:
        raise NotAuthenticated
    return person.id, ban.decision
