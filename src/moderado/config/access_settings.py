"""The settings of what people may do. A part of `moderado.config.env`."""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

RESERVED_NAMES = [
    "moderador", "moderadora", "moderadores", "moderator", "moderação", "moderation",
    "administrador", "administradora", "administrator", "admin", "adm", "suporte", "support",
    "staff", "equipe", "sistema", "system", "root",
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

    @field_validator("reserved_names", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        words = [word.strip() for word in value.split(",") if word.strip()]
        return [] if words == ["none"] else words
