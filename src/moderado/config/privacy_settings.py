"""The settings of privacy: erasure and retention. A part of `moderado.config.env`."""

from pydantic import Field
from pydantic_settings import BaseSettings


class PrivacySettings(BaseSettings):
    """How long what belongs to persons is kept."""

    erasure_grace_days: int = Field(
        default=7,
        ge=0,
        le=30,
        description="Days in which a person may withdraw the request to erase their account. "
        "0: it is erased at once.",
    )
