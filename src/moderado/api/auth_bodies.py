"""Request and response bodies of /api/auth/. No other fields of a request are read."""

from typing import Any

from rest_framework import serializers

from moderado.accounts.devices import MAX_LENGTH
from moderado.accounts.models import Session, User
from moderado.accounts.rights import VIEW_USER, staff_may
from moderado.accounts.services.accounts import EMAIL_LENGTH, MAX_PASSWORD_LENGTH, NAME_LENGTH
from moderado.accounts.services.invitations import CODE_LENGTH
from moderado.accounts.types import Principal
from moderado.accounts.user_agents import device_name
from moderado.api.names import NameFields
from moderado.chat.selectors.names import name_changes, refresh_names
from moderado.chat.types import USER_NAME

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


class Profile(NameFields, serializers.ModelSerializer[User]):
    """An account as its owner sees it."""

    language = Language(read_only=True)

    class Meta:
        model = User
        fields = ("id", "name", "shown_name", "name_change", "email", "language", "is_staff")
        read_only_fields = fields


class ProfileChange(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=NAME_LENGTH, required=False)
    language = Language(required=False)


class Registered(serializers.Serializer[Any]):
    user = Profile(read_only=True)
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


def profile_context(user: User) -> dict[str, Any]:
    """Return the context of `Profile`: the name of the account that waits or was refused."""
    changes = name_changes(subject_type=USER_NAME, subject_ids=[user.id], language=user.language)
    refresh_names([user], changes)
    return {"name_changes": changes}
