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
    export_days: int = Field(
        default=7, ge=1, le=30, description="Days in which a person may download an export."
    )
    retention_messages_days: int = Field(
        default=0, ge=0, le=36_500, description="Days after which messages are erased. 0: never."
    )
    retention_rejected_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Days after which refused messages and edits are erased. 0: never. Their "
        "authors cannot appeal afterwards.",
    )
    retention_cases_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Days after the end of a case after which its text is erased, with the words "
        "of reports, notes, rulings and appeals; also of sanctions, suspensions and purges that "
        "are over. 0: never.",
    )
    retention_answers_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Days after which what providers answered beside their numbers is erased, "
        "with the notes of log lines. 0: never.",
    )
    retention_shadows_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Days after which the verdicts of shadows are deleted. 0: never.",
    )
    retention_suggestions_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Days after which texts with suggested scores are deleted: calibration learns "
        "from them. 0: never.",
    )
    access_records: bool = Field(
        default=False,
        description="Record from which address and port each account uses the server, for 180 "
        "days (Marco Civil, art. 15; docs/privacy.md).",
    )
