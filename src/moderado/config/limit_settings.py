"""The settings of rate limits. A part of `moderado.config.env`."""

from typing import Annotated

import limits
from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings


def _parsed(rate: str) -> str:
    try:
        is_possible = limits.parse(rate).amount > 0
    except ValueError:
        is_possible = False
    if not is_possible:
        raise ValueError("a number above 0 and a time are needed, as in 10/minute")
    return rate


Rate = Annotated[str, AfterValidator(_parsed)]


class LimitSettings(BaseSettings):
    """How often something may happen. Classes of endpoints are those of `core.quotas`."""

    limit_messages_per_user: Rate = Field(
        default="120/minute", description="Messages and edits of one account."
    )
    limit_messages_per_room: Rate = Field(
        default="1200/minute", description="Messages and edits in one room."
    )
    newcomer_hours: int = Field(
        default=0,
        ge=0,
        le=8_760,
        description="Hours in which an account is new and has the limits of newcomers beside all "
        "others. 0: no account is.",
    )
    limit_newcomer_messages: Rate = Field(
        default="20/minute", description="Messages and edits of one new account."
    )
    limit_newcomer_rooms: Rate = Field(
        default="3/day", description="Rooms that one new account creates."
    )
    limit_newcomer_joins: Rate = Field(
        default="20/hour", description="Rooms that one new account joins."
    )
    newcomer_reports_per_day: int = Field(
        default=10, ge=1, le=1_000_000, description="Reports of one new account within 24 hours."
    )
    limit_frames_per_second: int = Field(
        default=30, ge=1, le=1_000_000, description="Frames per second of one socket, on average."
    )
    limit_frames_burst: int = Field(
        default=120, ge=1, le=1_000_000, description="Frames that one socket may send at once."
    )
    limit_sockets_per_user: int = Field(
        default=10, ge=1, le=1_000_000, description="Open sockets of one account."
    )
    limit_sockets_per_address: int = Field(
        default=50, ge=1, le=1_000_000, description="Open sockets of one address."
    )
    limit_connections: int = Field(
        default=4000,
        ge=8,
        le=1_000_000,
        description="Open HTTP connections of one web process, sockets not counted.",
    )
    limit_connections_per_address: int = Field(
        default=100,
        ge=8,
        le=1_000_000,
        description="Open HTTP connections of one address to one web process, sockets not counted. "
        "Not for addresses in TRUSTED_PROXIES.",
    )
    limit_sign_in_per_account: Rate = Field(
        default="10/minute",
        description="Sign-in attempts on one account from one network (IPv4 /24, IPv6 /64), or "
        "from one known device.",
    )
    limit_sign_in_strangers: Rate = Field(
        default="100/hour",
        description="Sign-in attempts on one account from all networks in which its owner has "
        "not signed in. Above it, they are slowed down and an alert is logged.",
    )
    limit_sign_in_slowed: Rate = Field(
        default="2/minute",
        description="Sign-in attempts on one account above `LIMIT_SIGN_IN_STRANGERS`.",
    )
    limit_sign_in_per_address: Rate = Field(
        default="30/minute", description="Sign-ins and registrations from one address."
    )
    limit_cheap_per_account: Rate = Field(
        default="1200/minute", description="Uses of the quota class `cheap` by one account."
    )
    limit_cheap_per_address: Rate = Field(
        default="12000/minute", description="Uses of the quota class `cheap` from one address."
    )
    limit_expensive_per_account: Rate = Field(
        default="60/minute", description="Uses of the quota class `expensive` by one account."
    )
    limit_expensive_per_address: Rate = Field(
        default="600/minute", description="Uses of the quota class `expensive` from one address."
    )
    limit_write_per_account: Rate = Field(
        default="600/minute", description="Uses of the quota class `write` by one account."
    )
    limit_write_per_address: Rate = Field(
        default="6000/minute", description="Uses of the quota class `write` from one address."
    )
    limit_create_per_account: Rate = Field(
        default="60/hour", description="Uses of the quota class `create` by one account."
    )
    limit_create_per_address: Rate = Field(
        default="600/hour", description="Uses of the quota class `create` from one address."
    )
    limit_rename_per_account: Rate = Field(
        default="20/hour", description="Uses of the quota class `rename` by one account."
    )
    limit_rename_per_address: Rate = Field(
        default="200/hour", description="Uses of the quota class `rename` from one address."
    )
    limit_connect_per_account: Rate = Field(
        default="120/minute", description="Uses of the quota class `connect` by one account."
    )
    limit_connect_per_address: Rate = Field(
        default="1200/minute", description="Uses of the quota class `connect` from one address."
    )
    limit_judge_per_account: Rate = Field(
        default="6000/minute", description="Uses of the quota class `judge` by one API key."
    )
    limit_judge_per_address: Rate = Field(
        default="12000/minute", description="Uses of the quota class `judge` from one address."
    )
