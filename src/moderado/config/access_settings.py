"""The settings of what people may do. A part of `moderado.config.env`."""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

RoomMode = Literal["pre", "optimistic", "post", "off"]

RESERVED_NAMES = [
    "moderador", "moderadora", "moderadores", "moderator", "moderação", "moderation",
    "mod", "mods", "administrador", "administradora", "administrator", "administração",
    "administration", "admin", "admins", "adm", "suporte", "support", "staff", "equipe", "oficial",
    "official", "webmaster", "sistema", "system", "root", "superuser", "superusuário", "sysadmin",
    "verificado", "verificada", "verified", "chatmoderado", "✓", "🛡",
]  # fmt: skip


class AccessSettings(BaseSettings):
    """Names, rooms and registration."""

    reserved_names: Annotated[list[str], NoDecode] = Field(
        default=RESERVED_NAMES,
        description="Words and signs that only names of staff may contain, separated by commas. "
        "Disguised spellings are refused too, and with ✓ and 🛡 all check marks and shields. `none` "
        "for no word.",
    )
    protected_names: Literal["staff", "none"] = Field(
        default="staff",
        description="Whose names others may not imitate: `staff` of the server, or `none`.",
    )

    room_creation: Literal["anyone", "staff"] = Field(
        default="anyone", description="Who may create rooms: `anyone` with an account, or `staff`."
    )
    member_room_modes: Annotated[list[RoomMode], NoDecode] = Field(
        default=["pre", "optimistic", "post"],
        description="Moderation modes that administrators of rooms may choose, separated by "
        "commas, beside the default of a new room. Staff may choose every mode.",
    )
    default_room_mode: RoomMode = Field(
        default="pre", description="Moderation mode of new rooms for which none is chosen."
    )
    default_public_room_mode: RoomMode | None = Field(
        default=None, description="The same for public rooms. `DEFAULT_ROOM_MODE` if unset."
    )
    default_private_room_mode: RoomMode | None = Field(
        default=None, description="The same for private rooms. `DEFAULT_ROOM_MODE` if unset."
    )
    optimistic_messages: int = Field(
        default=5,
        ge=0,
        le=20,
        description="Of the last 20 messages of an author, how many must have been judged and "
        "shown before a room of mode `optimistic` shows one at once. 0: new accounts, too.",
    )
    registration: Literal["open", "invite", "closed"] = Field(
        default="open",
        description="Who may register: everybody (`open`), people with an invitation code "
        "(`invite`), or no one (`closed`). Staff always create accounts in the admin.",
    )
    invitation_days: int = Field(
        default=7, ge=1, le=365, description="Days until an unused invitation code expires."
    )

    def mode_of_new_rooms(self, *, is_private: bool) -> RoomMode:
        """Return the mode of new rooms of this type, unless another one is chosen."""
        own = self.default_private_room_mode if is_private else self.default_public_room_mode
        return own or self.default_room_mode

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
