"""Users, their sessions, invitations to register, API keys of other systems, keys of requests."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from moderado.accounts.lookalikes import EMAIL_KEY_LENGTH, email_key
from moderado.accounts.types import Scope
from moderado.accounts.user_agents import MAX_LENGTH
from moderado.core import clock
from moderado.core.models import Record


class UserManager(BaseUserManager["User"]):
    """Manages users by e-mail, which is stored in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        typed = (username or "").strip().lower()
        same = self.filter(Q(email=typed) | Q(email_key=email_key(typed)))
        # An account from before keys may share one with another: its own spelling comes first.
        found = sorted(same, key=lambda user: user.email != typed)
        if not found:
            raise self.model.DoesNotExist
        return found[0]


class User(Record, AbstractBaseUser, PermissionsMixin):
    """A person or bot with an account."""

    class Language(models.TextChoices):
        PORTUGUESE = "pt-br", "português"
        ENGLISH = "en", "English"

    email = models.EmailField(_("e-mail"), unique=True)
    # What all spellings of the address have in common. NULL for an account from before it, whose
    # key another account has.
    email_key = models.CharField(  # noqa: DJ001
        _("key of the e-mail"), max_length=EMAIL_KEY_LENGTH, null=True, editable=False
    )
    name = models.CharField(_("name"), max_length=80)
    language = models.CharField(
        _("language"), max_length=8, choices=Language, default=Language.PORTUGUESE
    )
    # False: `language` is that of the last sign-in, page or socket; requests in another one win.
    language_chosen = models.BooleanField(
        _("language chosen"), default=False, db_default=False, editable=False
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    # Since then nothing that the account wrote may be stored (ADR 0079).
    erased_at = models.DateTimeField(_("erased"), null=True, editable=False)
    # The session by which the account acts. Set by authentication; no column of this table.
    second_factor_at: datetime | None = None

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["email_key"], name="one_account_an_email")
        ]
        indexes: ClassVar = [
            # Index-only reads of author names.
            models.Index(fields=["id"], include=["name", "language"], name="user_shown"),
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="user_names"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        self.email = self.email.strip().lower()
        if self._is_key_taken(email_key(self.email)):
            raise ValidationError({"email": _("There is an account with this e-mail already.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        fields = kwargs.get("update_fields")
        if fields is None or "email" in fields:
            key = email_key(self.email)
            is_from_before = self.email_key is None and not self._state.adding
            if not (is_from_before and self._is_key_taken(key)):
                self.email_key = key
            if fields is not None:
                kwargs["update_fields"] = {*fields, "email_key"}
        super().save(*args, **kwargs)

    def _is_key_taken(self, key: str) -> bool:
        return key != self.email_key and (
            User.objects.filter(email_key=key).exclude(pk=self.pk).exists()
        )


class Session(Record):
    """One sign-in on one device. Its tokens, tickets and cookies end with it.

    Only the refresh token named by `refresh_id` is valid. `previous_refresh_id` names the token
    that it replaced at `rotated_at`, which gets the same successor for a few seconds. A token with
    any other id was used before, so it was copied: the session ends.
    """

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="sessions", verbose_name=_("user")
    )
    refresh_id = models.UUIDField(_("refresh token"), default=uuid4, editable=False)
    previous_refresh_id = models.UUIDField(_("previous refresh token"), null=True, editable=False)
    rotated_at = models.DateTimeField(_("renewed"), null=True, editable=False)
    user_agent = models.CharField(
        _("user agent"), max_length=MAX_LENGTH, default="", db_default="", blank=True
    )
    used_at = models.DateTimeField(_("last used"), default=clock.estimated)
    expires_at = models.DateTimeField(_("expires"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # When the owner proved a second factor: `services.second_factor`.
    second_factor_at = models.DateTimeField(_("second factor"), null=True, editable=False)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        indexes: ClassVar = [
            models.Index(fields=["user"], condition=Q(ended_at=None), name="open_sessions"),
            models.Index(fields=["expires_at"], name="session_expiry"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Secret(Record):
    """A secret that an operator hands out. Only its digest is stored."""

    digest = models.BinaryField(_("digest"), max_length=32, unique=True, editable=False)
    created_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        editable=False,
        verbose_name=_("created by"),
    )

    class Meta:
        abstract = True


class Invitation(Secret):
    """A code with which one person may register."""

    note = models.CharField(
        _("note"), max_length=200, blank=True, help_text=_("Whom it is for. Only staff see it.")
    )
    expires_at = models.DateTimeField(_("expires"), editable=False)
    used_at = models.DateTimeField(_("used"), null=True, editable=False)
    used_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        editable=False,
        verbose_name=_("used by"),
    )

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    def __str__(self) -> str:
        return self.note or str(self.id)


SCOPES = [
    (Scope.JUDGE.value, _("judge texts, suggest scores")),
    (Scope.SUGGEST.value, _("suggest scores only")),
]


class ApiKey(Secret):
    """The credential of another system; its digest is keyed.

    A revoked key stays as a record of who had access until when.
    """

    name = models.CharField(_("name"), max_length=80)
    scopes = ArrayField(models.CharField(max_length=16, choices=SCOPES), verbose_name=_("scopes"))
    hint = models.CharField(_("first characters"), max_length=16, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    revoked_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        editable=False,
        verbose_name=_("revoked by"),
    )

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return self.name


class ClientKey(Record):
    """What a request created, for the repeat of it: `services.client_keys`.

    Attributes:
        digest: Of owner, kind and the client's `client_id`.
        content_digest: Of these and of what was asked for.
        owner: Null for a request without an account.
        result_id: What was created. It may have been deleted since.
    """

    digest = models.BinaryField(_("digest"), max_length=32, unique=True, editable=False)
    content_digest = models.BinaryField(_("digest of the content"), max_length=32, editable=False)
    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, related_name="+", verbose_name=_("account")
    )
    result_id = models.UUIDField(_("result"), editable=False)

    class Meta:
        verbose_name = _("key of a request")
        verbose_name_plural = _("keys of requests")

    def __str__(self) -> str:
        return str(self.result_id)
