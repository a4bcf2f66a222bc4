"""Accounts and sessions: /api/auth/."""

from typing import cast
from uuid import UUID

from django.contrib.auth import update_session_auth_hash
from django.db.models import QuerySet
from django.utils.translation import get_language
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import quota, selectors
from moderado.accounts.middleware import set_device_cookie
from moderado.accounts.models import Session, User
from moderado.accounts.origins import origin_of
from moderado.accounts.services import accounts, sessions, tickets
from moderado.accounts.types import SESSION_KEY, Tokens
from moderado.api.auth_bodies import (
    AccountBody,
    Credentials,
    EndedSessions,
    PasswordChange,
    ProfileChange,
    RefreshBody,
    Registered,
    Registration,
    SessionBody,
    SignedIn,
    TicketBody,
    TokensBody,
)
from moderado.api.bodies import body_of
from moderado.api.callers import caller
from moderado.api.pagination import NumberedPages
from moderado.api.repeats import ActInput, once
from moderado.chat.selectors.names import profile_of
from moderado.chat.views import Profile
from moderado.core.addresses import address_of_request
from moderado.core.database import search_budget
from moderado.enforcement.selectors.blocks import people_matching


class UncachedView(APIView):
    """A view whose responses contain credentials: no cache may store them."""

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {**super().default_response_headers, "Cache-Control": "no-store"}


class UnauthenticatedView(UncachedView):
    """A view for clients without valid credentials. Credentials in the request are ignored."""

    authentication_classes = ()
    permission_classes = ()


def _with_device(response: Response, tokens: Tokens) -> Response:
    """Let browsers keep the device token; other clients read it from the body."""
    if tokens.device is not None:
        set_device_cookie(response, tokens.device)
    return response


class Register(UnauthenticatedView):
    @extend_schema(
        operation_id="register", request=Registration, responses={201: Registered}, auth=[]
    )
    def post(self, request: Request) -> Response:
        """Create an account and sign in to it."""
        body = Registration(data=request.data)
        body.is_valid(raise_exception=True)
        quota.count_address(address=address_of_request(request.META))
        user = accounts.register(**body.validated_data, language=get_language())
        origin = origin_of(request._request, entry_point="rest")  # noqa: SLF001  (DRF has no other name)
        tokens = sessions.tokens_of_new_session(user=user, origin=origin)
        registered = Registered({"user": user, "tokens": tokens})
        return _with_device(Response(registered.data, status=201), tokens)


class Login(UnauthenticatedView):
    @extend_schema(operation_id="login", request=Credentials, responses=SignedIn, auth=[])
    def post(self, request: Request) -> Response:
        """Sign in. A wrong password, an unknown e-mail and a closed account get the same 401."""
        body = Credentials(data=request.data)
        body.is_valid(raise_exception=True)
        credentials = body.validated_data
        origin = origin_of(
            request._request,  # noqa: SLF001  (DRF has no other name)
            entry_point="rest",
            device=credentials.get("device"),
        )
        tokens = sessions.sign_in(
            email=credentials["email"], password=credentials["password"], origin=origin
        )
        return _with_device(Response(SignedIn(tokens).data), tokens)


class Refresh(UnauthenticatedView):
    @extend_schema(operation_id="refresh", request=RefreshBody, responses=TokensBody, auth=[])
    def post(self, request: Request) -> Response:
        """Exchange a refresh token for new tokens.

        A token that was replaced ends its session when it is used again, except for some seconds.
        """
        body = RefreshBody(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(TokensBody(sessions.refresh(token=body.validated_data["refresh"])).data)


class Logout(UnauthenticatedView):
    @extend_schema(operation_id="logout", request=RefreshBody, responses={204: None}, auth=[])
    def post(self, request: Request) -> Response:
        """End the session of a refresh token: its tokens, tickets and sockets end with it."""
        body = RefreshBody(data=request.data)
        body.is_valid(raise_exception=True)
        sessions.sign_out(token=body.validated_data["refresh"])
        return Response(status=204)


class Password(UncachedView):
    @extend_schema(operation_id="change_password", request=PasswordChange, responses={204: None})
    def post(self, request: Request) -> Response:
        """Change your password. All your other sessions end, and their sockets close with 4001."""
        body = PasswordChange(data=request.data)
        body.is_valid(raise_exception=True)
        principal = caller(request)
        django_request = request._request  # noqa: SLF001  (DRF has no other name)
        user = accounts.change_password(
            user_id=principal.user_id,
            session_id=principal.session_id,
            origin=origin_of(django_request, entry_point="rest"),
            **body.validated_data,
        )
        if django_request.session.get(SESSION_KEY) == str(principal.session_id):
            update_session_auth_hash(django_request, user)
        return Response(status=204)


class Sessions(ListAPIView[Session]):
    serializer_class = SessionBody
    pagination_class = NumberedPages

    @extend_schema(operation_id="list_sessions")
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List your sessions, last used first."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Session]:
        return selectors.sessions_of(caller(self.request).user_id)


class OneSession(APIView):
    @extend_schema(operation_id="end_session", responses={204: None})
    def delete(self, request: Request, session_id: UUID) -> Response:
        """Sign one of your sessions out. Its sockets close with 4001."""
        user_id = caller(request).user_id
        sessions.end_own_session(user_id=user_id, session_id=session_id)
        return Response(status=204)


def _none_ended(_view: APIView, _request: Request, **_: object) -> Response:
    return Response(EndedSessions({"ended": 0}).data)


def _profile_now(_view: APIView, request: Request, **_: object) -> Response:
    return Response(body_of(profile_of(cast("User", request.user))))


class OtherSessions(APIView):
    @extend_schema(operation_id="end_other_sessions", request=ActInput, responses=EndedSessions)
    @once("end_other_sessions", present=_none_ended)
    def post(self, request: Request) -> Response:
        """Sign all your sessions out except this one."""
        principal = caller(request)
        ended = sessions.end_sessions_of(user_id=principal.user_id, kept=principal.session_id)
        return Response(EndedSessions({"ended": ended}).data)


class WebSocketTicket(UncachedView):
    @extend_schema(operation_id="issue_ticket", request=None, responses=TicketBody)
    def post(self, request: Request) -> Response:
        """Issue a ticket that opens one WebSocket of this session within 30 seconds."""
        ticket = tickets.issue_ticket(principal=caller(request))
        return Response(TicketBody(ticket).data)


class People(ListAPIView[User]):
    serializer_class = AccountBody
    pagination_class = NumberedPages

    @extend_schema(
        operation_id="list_users",
        parameters=[OpenApiParameter("search", str, description="A part of the name.")],
    )
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List accounts by name. Only their owner and staff with `view_user` see e-mails.

        A person whom you block, or who blocks you, is left out.

        503 `search_timed_out` if the search takes more than 3 s: use a longer part of the name.
        """
        with search_budget():
            return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[User]:
        viewer_id = caller(self.request).user_id
        return people_matching(self.request.query_params.get("search", ""), viewer_id=viewer_id)


class Me(APIView):
    @extend_schema(operation_id="get_profile", responses=Profile)
    def get(self, request: Request) -> Response:
        """Return your own profile."""
        user = cast("User", request.user)
        return Response(body_of(profile_of(user)))

    @extend_schema(operation_id="update_profile", request=ProfileChange, responses=Profile)
    @once("change_profile", present=_profile_now)
    def patch(self, request: Request) -> Response:
        """Change your name or language. Others see a new name after it has been judged."""
        body = ProfileChange(data=request.data)
        body.is_valid(raise_exception=True)
        user_id = caller(request).user_id
        user = accounts.update_profile(user_id=user_id, **body.validated_data)
        return Response(body_of(profile_of(user)))
