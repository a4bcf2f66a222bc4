"""The settings of e-mail and of notices. A part of `moderado.config.env`."""

from email.utils import parseaddr
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from moderado.config.limit_settings import Rate


class EmailSettings(BaseSettings):
    """How e-mail is sent, and the terms and limits of notices."""

    email_backend: Literal["smtp", "console", "off"] = Field(
        default="off",
        description="How e-mail is sent: `smtp`; `console` writes it, with its codes, to the "
        "worker's output, for development (`make up`); `off`: notices are refused, because their "
        "e-mail addresses cannot be confirmed.",
    )
    email_host: str = Field(default="", description="Host of the SMTP server.")
    email_port: int = Field(default=587, ge=1, le=65535, description="Port of the SMTP server.")
    email_user: str = Field(default="", description="User at the SMTP server, if it asks for one.")
    email_password: SecretStr = Field(
        default=SecretStr(""), description="Password at the SMTP server."
    )
    email_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection to the SMTP server is encrypted."
    )
    email_from: str = Field(
        default="",
        description="Sender of e-mail: `name@example.org`, or `Name <name@example.org>`.",
    )
    site_url: str = Field(
        default="",
        description="Address of this server in e-mails: `https://chat.example`. If unset, they "
        "name paths only: an address is never taken from a request.",
    )
    notice_target_hours: int = Field(
        default=24, ge=1, le=876_000, description="Hours in which a notice should be decided."
    )
    notice_authority_hours: int = Field(
        default=12,
        ge=1,
        le=876_000,
        description="The same for notices of prosecutors and child-protection entities.",
    )
    notice_child_safety_hours: int = Field(
        default=2, ge=1, le=876_000, description="The same for notices of danger to children."
    )
    notice_code_minutes: int = Field(
        default=60,
        ge=5,
        le=525_600,
        description="Minutes in which the code of a notice must be entered.",
    )
    notice_days: int = Field(
        default=180,
        ge=1,
        le=36_500,
        description="Days after the end of a notice after which name, e-mail address and texts of "
        "its notifier are erased.",
    )
    limit_notices_per_address: Rate = Field(
        default="10/hour", description="Notices from one address."
    )
    limit_notices_per_email: Rate = Field(
        default="5/day", description="Notices with one e-mail address, from one network."
    )
    limit_notices_per_email_total: Rate = Field(
        default="20/day",
        description="Notices with one e-mail address, from all networks: so many e-mails can "
        "strangers have sent to it.",
    )
    limit_notice_codes: Rate = Field(
        default="30/hour", description="Codes tried for one notice, right or wrong."
    )

    @field_validator("email_from")
    @classmethod
    def _sender(cls, sender: str) -> str:
        name, mark, host = parseaddr(sender)[1].rpartition("@")
        if sender and not (name and mark and host):
            raise ValueError("an address such as name@example.org is needed")
        return sender

    @field_validator("site_url")
    @classmethod
    def _origin(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in {"http", "https"} or not parts.netloc):
            raise ValueError("an address such as https://chat.example is needed")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _smtp_is_complete(self) -> Self:
        if self.email_backend == "smtp" and not (self.email_host and self.email_from):
            raise ValueError("EMAIL_BACKEND=smtp needs EMAIL_HOST and EMAIL_FROM")
        return self
