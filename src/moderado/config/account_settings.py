"""The settings of accounts and sessions. A part of `moderado.config.env`."""

from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from moderado.config.secret_key import weakness


class AccountSettings(BaseSettings):
    """How accounts sign in, and how long sessions last."""

    secret_key: SecretStr = Field(
        min_length=32,
        description="Signs sessions, tokens and hints. At least 32 random characters, such as "
        "`openssl rand -hex 32`; guessable ones are refused.",
    )
    secure_cookies: bool | Literal["auto"] = Field(
        default="auto",
        description="Require HTTPS: `__Host-` cookies, HSTS, redirect. `auto` requires it for "
        "every host but the loopback (`localhost`, `127.0.0.1`, `[::1]`); `true` for all hosts; "
        "`false` for none.",
    )
    access_token_seconds: int = Field(
        default=900, ge=30, le=31_536_000, description="Lifetime of an access token, in seconds."
    )
    refresh_token_days: int = Field(
        default=30, ge=1, le=36_500, description="Days after which an unused session expires."
    )
    session_max_days: int = Field(
        default=180, ge=1, le=36_500, description="Days after which a session ends, used or not."
    )
    refresh_token_rotation: bool = Field(
        default=True,
        description="Replace the refresh token at each use, and end the session when an old one "
        "is used. `false` for clients that cannot store a new token.",
    )
    refresh_token_grace_seconds: int = Field(
        default=30,
        ge=0,
        le=300,
        description="Seconds in which a replaced refresh token still gets its successor: two "
        "tabs may use it at once.",
    )
    admin_confirm_seconds: int = Field(
        default=900,
        ge=30,
        le=31_536_000,
        description="Seconds after which the admin asks for the password again before a "
        "sensitive action.",
    )

    staff_second_factor: Literal["off", "required"] = Field(
        default="off",
        description="`required`: staff act, in the API and the admin, only in sessions that have "
        "proved a second factor (`moderado secondfactor`).",
    )

    @field_validator("secret_key")
    @classmethod
    def _strong(cls, key: SecretStr) -> SecretStr:
        reason = weakness(key.get_secret_value())
        if reason is not None:
            raise ValueError(f"{reason}: use `openssl rand -hex 32`")
        return key
