"""Appeals of persons who cannot sign in, because they are banned from the server."""

from moderado.accounts.errors import NotAuthenticated
from moderado.enforcement.models import Appeal
from moderado.enforcement.selectors.restrictions import find_server_ban
from moderado.enforcement.services.admission import person_of_appeal_token
from moderado.enforcement.services.appeals import appeal_decision


def appeal_ban(*, token: str, text: str) -> Appeal:
    """Appeal the ban that keeps a person out.

    Args:
        token: The appeal token of the refused sign-in.
        text: 1 to 2,000 characters.

    Raises:
        NotAuthenticated: The token is not valid any more, or the ban has ended.
        AlreadyAppealed, AppealExpired, NotAppealable, Invalid: As for other decisions.
    """
    person = person_of_appeal_token(token=token)
    ban = find_server_ban(person.id)
    if ban is None or ban.decision is None:
        raise NotAuthenticated
    appeal, _ = appeal_decision(user_id=person.id, decision_id=ban.decision, text=text)
    return appeal
