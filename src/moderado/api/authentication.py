"""Authentication of REST requests: a bearer token, or the page's session cookie with CSRF.

A person who is banned from the server has an appeal token instead, for a few routes. All become
`request.user` (the account) and `request.auth` (a `Principal`).
"""

from dataclasses import replace

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import (
    BaseAuthentication,
    SessionAuthentication,
    get_authorization_header,
)
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from moderado.accounts import selectors
from moderado.accounts.errors import NotAuthenticated
from moderado.accounts.models import Session, User
from moderado.accounts.services import sessions
from moderado.accounts.types import SESSION_KEY, Principal
from moderado.core.addresses import address_of_request, port_of_request
from moderado.core.languages import answer_language, language_of_request
from moderado.enforcement.services import admission
from moderado.enforcement.services.access_records import record_access

Credentials = tuple[User, Principal]

CSRF = _("The CSRF token is missing or wrong, or another page sent this. Reload the page.")


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer <access token>`."""

    def authenticate(self, request: Request) -> Credentials | None:
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            text = token.strip().decode("ascii")
            session = sessions.session_of_access_token(token=text)
        except (NotAuthenticated, UnicodeDecodeError):
            raise AuthenticationFailed(NotAuthenticated.message) from None
        return _credentials_of(request, session)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class AppealToken(BearerToken):
    """As `BearerToken`, and also the token of a person who is banned from the server.

    Only views that name it in `authentication_classes` accept that token.
    """

    def authenticate(self, request: Request) -> Credentials | None:
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            token = get_authorization_header(request).partition(b" ")[2].strip()
            try:
                user = admission.person_of_appeal_token(token=token.decode("ascii"))
            except (NotAuthenticated, UnicodeDecodeError):
                raise AuthenticationFailed(NotAuthenticated.message) from None
        return _credentials(request, user, selectors.principal_of_banned(user))


class SessionCookie(SessionAuthentication):
    """The session cookie of the page or the admin. Unsafe methods need the CSRF token too."""

    def enforce_csrf(self, request: Request) -> None:
        """Check the CSRF token and the origin. Raises PermissionDenied, which quotes neither."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied:
            raise PermissionDenied(CSRF) from None

    def authenticate(self, request: Request) -> Credentials | None:
        session_id = request._request.session.get(SESSION_KEY)  # noqa: SLF001  (DRF has no other name)
        if session_id is None:
            return None
        self.enforce_csrf(request)
        try:
            session = selectors.get_session(session_id)
        except NotAuthenticated:
            return None
        sessions.record_use(session=session)
        return _credentials_of(request, session)


# What a person who is banned from the server may still use.
ALSO_WHEN_BANNED = (AppealToken, SessionCookie)


def _credentials_of(request: Request, session: Session) -> Credentials:
    session.user.second_factor_at = session.second_factor_at
    return _credentials(request, session.user, selectors.principal_of(session))


def _credentials(request: Request, user: User, principal: Principal) -> Credentials:
    """Return the account and its principal, and answer in its language (`core.languages`)."""
    if settings.ACCESS_RECORDS:
        meta = request._request.META  # noqa: SLF001  (DRF has no other name)
        record_access(
            user_id=principal.user_id, address=address_of_request(meta), port=port_of_request(meta)
        )
    language = answer_language(
        account=principal.language,
        is_chosen=principal.language_chosen,
        requested=language_of_request(request._request),  # noqa: SLF001  (DRF has no other name)
    )
    translation.activate(language)
    return user, replace(principal, language=language)
