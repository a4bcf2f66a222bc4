"""The settings of what people may do. A part of `moderado.config.env`."""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

RESERVED_NAMES = [
    "moderador", "moderadora", "moderadores", "moderator", "moderação", "moderation",
    "mod", "mods", "administrador", "administradora", "administrator", "administração",
    "administration", "admin", "admins", "adm", "suporte", "support", "staff", "equipe", "oficial",
    "official", "webmaster", "sistema", "system", "root",
]  # fmt: skip


class AccessSettings(BaseSettings):
    """Names, rooms and registration."""

    reserved_names: Annotated[list[str], NoDecode] = Field(
        default=RESERVED_NAMES,
        description="Words that only names of staff may contain, separated by commas. Disguised "
        "spellings are refused too. `none` for no word.",
    )
    protected_names: Literal["staff", "none"] = Field(
        default="staff",
        description="Whose names others may not imitate: `staff` of the server, or `none`.",
    )

    room_creation: Literal["anyone", "staff"] = Field(
        default="anyone", description="Who may create rooms: `anyone` with an account, or `staff`."
    )
    member_room_modes: Annotated[list[Literal["pre", "post", "off"]], NoDecode] = Field(
        default=["pre", "post"],
        description="Moderation modes that administrators of rooms may choose, separated by "
        "commas. Staff may choose every mode.",
    )
    registration: Literal["open", "invite", "closed"] = Field(
        default="open",
        description="Who may register: everybody (`open`), people with an invitation code "
        "(`invite`), or no one (`closed`). Staff always create accounts in the admin.",
    )
    invitation_days: int = Field(
        default=7, ge=1, le=365, description="Days until an unused invitation code expires."
    )

    @field_validator("member_room_modes", mode="before")
    @classmethod
    def _modes(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return [mode.strip() for mode in value.split(",") if mode.strip()]

    @field_validator("reserved_names", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        words = [word.strip() for word in value.split(",") if word.strip()]
        return [] if words == ["none"] else words
