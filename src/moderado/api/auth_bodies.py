"""Request and response bodies of /api/auth/. No other fields of a request are read."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from moderado.accounts.devices import MAX_LENGTH
from moderado.accounts.models import Session, User
from moderado.accounts.rights import VIEW_USER, staff_may
from moderado.accounts.services.accounts import EMAIL_LENGTH, MAX_PASSWORD_LENGTH, NAME_LENGTH
from moderado.accounts.services.invitations import CODE_LENGTH
from moderado.accounts.types import Principal
from moderado.accounts.user_agents import device_name
from moderado.api.bodies import body_of
from moderado.api.fields import ActIdField
from moderado.chat.selectors.names import profile_of
from moderado.chat.views import Profile

TOKEN_LENGTH = 4096


class Password(serializers.CharField):
    """A password: not trimmed, and never part of a response."""

    def __init__(self) -> None:
        super().__init__(
            write_only=True,
            trim_whitespace=False,
            max_length=MAX_PASSWORD_LENGTH,
            style={"input_type": "password"},
        )


class Language(serializers.ChoiceField):
    """A language code; `pt-BR` and `pt-br` are the same."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=User.Language.choices, **options)

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(data.lower() if isinstance(data, str) else data)


class Registration(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=EMAIL_LENGTH)
    name = serializers.CharField(max_length=NAME_LENGTH)
    password = Password()
    invitation = serializers.CharField(
        max_length=CODE_LENGTH,
        required=False,
        allow_blank=True,
        help_text="The code of an invitation. Needed if the server's REGISTRATION is `invite`.",
    )


class Credentials(serializers.Serializer[Any]):
    email = serializers.CharField(max_length=EMAIL_LENGTH)
    password = Password()
    device = serializers.CharField(
        max_length=MAX_LENGTH,
        required=False,
        help_text="The `device` of an earlier sign-in: attempts of strangers do not lock it out.",
    )


class RefreshBody(serializers.Serializer[Any]):
    refresh = serializers.CharField(max_length=TOKEN_LENGTH)


class TokensBody(serializers.Serializer[Any]):
    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)


class SignedIn(TokensBody):
    device = serializers.CharField(read_only=True, help_text="Send it with the next sign-in.")


class PasswordChange(serializers.Serializer[Any]):
    current_password = Password()
    new_password = Password()


class SessionBody(serializers.ModelSerializer[Session]):
    """One session of the caller."""

    device = serializers.SerializerMethodField(help_text="Such as `Firefox, Linux`; may be empty.")
    current = serializers.SerializerMethodField(help_text="Whether it is this request's session.")

    class Meta:
        model = Session
        fields = ("id", "device", "user_agent", "created_at", "used_at", "expires_at", "current")
        read_only_fields = fields

    def get_device(self, session: Session) -> str:
        return device_name(session.user_agent)

    def get_current(self, session: Session) -> bool:
        viewer = self.context["request"].auth
        return isinstance(viewer, Principal) and viewer.session_id == session.id


class EndedSessions(serializers.Serializer[Any]):
    ended = serializers.IntegerField(read_only=True, help_text="How many sessions ended.")


class TicketBody(serializers.Serializer[Any]):
    ticket = serializers.CharField(read_only=True)
    expires_in = serializers.IntegerField(read_only=True, help_text="Seconds.")


@extend_schema_field(Profile)  # type: ignore[arg-type]  # described by `StructSchema`
class ProfileField(serializers.Field[User, None, dict[str, Any], Any]):
    """An account as its owner sees it."""

    def to_representation(self, user: User) -> dict[str, Any]:
        return body_of(profile_of(user))


class ProfileChange(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=NAME_LENGTH, required=False)
    language = Language(required=False)
    client_id = ActIdField()


class Registered(serializers.Serializer[Any]):
    user = ProfileField(read_only=True)
    tokens = SignedIn(read_only=True)


class AccountBody(serializers.ModelSerializer[User]):
    """An account as others see it. Only its owner and staff with `view_user` see `email`."""

    email = serializers.EmailField(required=False, read_only=True)

    class Meta:
        model = User
        fields = ("id", "name", "email")
        read_only_fields = fields

    def to_representation(self, instance: User) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        request = self.context["request"]
        if not isinstance(request.auth, Principal) or not (
            request.user.pk == instance.id or staff_may(request.user, VIEW_USER)
        ):
            del shown["email"]
        return shown
