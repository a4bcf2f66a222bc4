"""The configuration: typed, read once, all errors reported together. No secret has a default.

The only reader of the environment. `docs/configuration.md` and `.env.example` are generated from
the descriptions below (`make docs`).
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from moderado.config import addresses, mistakes
from moderado.config.access_settings import AccessSettings
from moderado.config.account_settings import AccountSettings
from moderado.config.email_settings import EmailSettings
from moderado.config.limit_settings import LimitSettings
from moderado.config.privacy_settings import PrivacySettings
from moderado.config.report_settings import ReportSettings
from moderado.core import failpoints

Names = Annotated[list[str], NoDecode]
HEADING = "The configuration has mistakes (see docs/configuration.md):"


class Env(
    LimitSettings, AccountSettings, AccessSettings, PrivacySettings, ReportSettings, EmailSettings
):
    model_config = SettingsConfigDict(
        env_file=None, extra="ignore", secrets_dir=None, frozen=True, env_ignore_empty=True
    )

    # Each read of `settings.ENV` looks for this attribute, by which Django's lazy objects know
    # methods of theirs. Pydantic takes 3 µs to find out that an instance has none.
    _mask_wrapped: ClassVar[bool] = True

    database_url: SecretStr = Field(
        description="URL of PostgreSQL: `postgres://user:password@host:port/name`. It may have "
        "libpq parameters, such as `?sslmode=require` or `?host=/folder` for a Unix socket."
    )
    database_owner_url: SecretStr | None = Field(
        default=None,
        description="URL of the PostgreSQL role that owns the tables, for `migrate` alone: it "
        "grants the role of `DATABASE_URL` what the server needs. If unset, the server owns its "
        "tables and could switch the triggers of the audit log off.",
    )
    redis_url: SecretStr = Field(
        description="URL of Redis or Valkey for rate limits, tickets and presence: `redis://host:port/0`."
    )
    broker_url: SecretStr | None = Field(
        default=None, description="URL of Redis for Celery's queue; `REDIS_URL` if unset."
    )
    layer_url: SecretStr | None = Field(
        default=None, description="URL of Redis for the channel layer; `REDIS_URL` if unset."
    )
    debug: bool = Field(
        default=False, description="Show Django's debug pages. Never in production."
    )
    allowed_hosts: Names = Field(
        default=["localhost", "127.0.0.1", "[::1]"],
        description="Host names of this server, separated by commas. `*` is refused.",
    )
    allowed_origins: Names = Field(
        default=[],
        description="Other origins whose pages may use the API and the sockets, separated by "
        "commas, such as `https://app.example`. The server's own origin is always allowed.",
    )
    trusted_proxies: Names = Field(
        default=[],
        description="Addresses or networks of the reverse proxies whose X-Forwarded-* headers are "
        "trusted, separated by commas.",
    )
    metrics_networks: Names = Field(
        default=["127.0.0.0/8", "::1/128"],
        description="Networks that may read `/metrics`, in CIDR notation, separated by commas.",
    )
    allow_volatile_database: bool = Field(
        default=False,
        description="Start even if PostgreSQL may lose commits (`fsync` off). For tests only.",
    )
    prometheus_multiproc_dir: Path | None = Field(
        default=None,
        description="Folder in which the processes of one machine share their metrics. Empty it "
        "before each start. If unset, `/metrics` covers only the process that answers.",
    )
    worker_metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port on which the Celery worker serves metrics, if it does not share "
        "PROMETHEUS_MULTIPROC_DIR with the web, as in containers.",
    )
    language_code: Literal["pt-br", "en"] = Field(
        default="pt-br", description="Language of users who request none."
    )
    log_format: Literal["json", "console"] = Field(
        default="json",
        description="`json` for machines, `console` for people, without expired tasks.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Lowest level of the log lines that are written."
    )
    bind: str = Field(
        default="0.0.0.0:8000",  # in a container; `moderado up` uses the loopback
        description="Address of the web, `host:port`. `make up` listens on 127.0.0.1.",
    )
    static_root: Path | None = Field(
        default=None,
        description="Folder in which `collectstatic` stores the files of /static/; "
        "`.moderado/static` beside the source if unset.",
    )
    web_workers: int = Field(default=1, ge=1, le=64, description="Web processes (uvicorn workers).")
    worker_concurrency: int = Field(default=2, ge=1, le=64, description="Celery worker processes.")
    db_pool_size: int = Field(
        default=12, ge=2, le=100, description="Maximum PostgreSQL connections of one web process."
    )
    pending_of_removed: Literal["withhold", "hold", "publish"] = Field(
        default="withhold",
        description="What becomes of a message or edit that waits for its verdict when its author "
        "is removed from the room, deactivated or banned: `withhold` rejects it, `hold` leaves it "
        "to the moderators, `publish` judges it as ever.",
    )
    message_max_length: int = Field(
        default=4000, ge=1, le=4000, description="Maximum length of a message, in code points."
    )
    layer_shards: int = Field(
        default=1,
        ge=1,
        le=1024,
        description="Channel-layer groups over which rooms and users are distributed. Use the same "
        "number for every process. docs/scaling.md says when more than one helps.",
    )
    moderation_providers: Annotated[list[dict[str, Any]], NoDecode] = Field(
        default=[
            {"BACKEND": "moderado.moderation.providers.blocklist.BlocklistProvider", "OPTIONS": {}},
            {"BACKEND": "moderado.moderation.providers.classifier.ClassifierProvider"},
        ],
        description="Moderation providers in the order of their calls, as JSON: "
        '`[{"BACKEND": "dotted.path.Provider", "OPTIONS": {…}}, …]` (docs/providers.md).',
    )
    join_messages_seconds: int = Field(
        default=15,
        ge=0,
        le=300,
        description="Seconds within which short messages of one author in one room are also judged "
        "as one text, so that a word cut in two messages is found. 0: never.",
    )
    audit_sample: float = Field(
        default=0.005,
        ge=0,
        le=1,
        description="Share of the allowed messages that become blind cases: a moderator rules on "
        "them without seeing the verdict (docs/calibration.md). 0: none.",
    )

    provider_secrets: Annotated[dict[str, SecretStr], NoDecode] = Field(
        default={},
        description='Keys of remote providers by name, as JSON: `{"openai": "sk-…"}`. Options of '
        "providers name them (docs/providers.md).",
    )

    moderado_failpoints: str = Field(
        default="",
        description="Faults to inject, for tests (docs/guarantees.md). Refused unless "
        "`SECURE_COOKIES=false`.",
    )

    @field_validator(
        "allowed_hosts", "allowed_origins", "trusted_proxies", "metrics_networks", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return [part.strip() for part in value.split(",") if part.strip()]

    @field_validator("moderation_providers", "provider_secrets", mode="before")
    @classmethod
    def _decode(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("this is not JSON: see docs/providers.md") from None

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, hosts: list[str]) -> list[str]:
        return [addresses.checked_host(host) for host in hosts]

    @field_validator("bind")
    @classmethod
    def _bind(cls, address: str) -> str:
        return addresses.checked_bind(address)

    @field_validator("trusted_proxies", "metrics_networks")
    @classmethod
    def _networks(cls, networks: list[str]) -> list[str]:
        return [addresses.checked_network(network) for network in networks]

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, origins: list[str]) -> list[str]:
        return [addresses.checked_origin(origin) for origin in origins]

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _postgresql(cls, url: SecretStr | None) -> SecretStr | None:
        return url and addresses.checked_database(url)

    @field_validator("redis_url", "broker_url", "layer_url")
    @classmethod
    def _redis(cls, url: SecretStr | None) -> SecretStr | None:
        return url and addresses.checked_redis(url)

    @field_validator("moderado_failpoints")
    @classmethod
    def _failpoints(cls, written: str) -> str:
        failpoints.parse(written)
        return written

    @model_validator(mode="after")
    def _no_failpoints_in_production(self) -> Self:
        if self.moderado_failpoints and self.secure_cookies is not False:
            raise ValueError("MODERADO_FAILPOINTS is for tests: unset it, or SECURE_COOKIES=false")
        return self

    @model_validator(mode="after")
    def _metrics_are_shared(self) -> Self:
        if self.worker_metrics_port and not self.prometheus_multiproc_dir:
            raise ValueError("WORKER_METRICS_PORT needs PROMETHEUS_MULTIPROC_DIR: tasks are forked")
        return self

    @property
    def broker(self) -> str:
        return (self.broker_url or self.redis_url).get_secret_value()

    @property
    def layer(self) -> str:
        return (self.layer_url or self.redis_url).get_secret_value()


class Misconfigured(SystemExit):
    """The environment is invalid. The process ends with a message and without a traceback."""


@cache
def env() -> Env:
    """Return the configuration of this process. Raises Misconfigured, naming every error."""
    folders = [folder for folder in os.environ.get("SECRETS_DIR", "").split(":") if folder]
    try:
        return Env(_secrets_dir=folders or None)
    except ValidationError as error:
        found = mistakes.lines(error, Env.model_fields)
        raise Misconfigured("\n".join([HEADING, *found])) from None
