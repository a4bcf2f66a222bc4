"""The settings of reports, purges and appeals. A part of `moderado.config.env`."""

from pydantic import Field
from pydantic_settings import BaseSettings


class ReportSettings(BaseSettings):
    """How members report, how much a purge removes, and how decisions are appealed."""

    reports_per_day: int = Field(
        default=50, ge=1, le=1_000_000, description="Reports of one account within 24 hours."
    )
    report_replaced_hours: int = Field(
        default=72,
        ge=0,
        le=8_760,
        description="Hours in which a text that its author has edited or deleted can be reported "
        "as it was shown. 0: only what is shown can be reported.",
    )
    report_suspension_reports: int = Field(
        default=10,
        ge=1,
        le=1_000_000,
        description="Decided reports that an account must have before it may be suspended from "
        "reporting.",
    )
    report_suspension_share: float = Field(
        default=0.9,
        gt=0.5,
        le=1.0,
        description="Share of them without action, from which it may be suspended.",
    )
    report_suspension_days: int = Field(
        default=90,
        ge=1,
        le=36_500,
        description="Days back in which decided reports count for that.",
    )
    report_suspension_max_days: int = Field(
        default=30, ge=1, le=365, description="Days that a suspension from reporting lasts at most."
    )
    purge_hours: int = Field(
        default=168,
        ge=1,
        le=8_760,
        description="Hours back to which a purge may remove the messages of an author.",
    )
    appeal_days: int = Field(
        default=180,
        ge=1,
        le=36_500,
        description="Days after a decision in which it can be appealed. European law asks for six "
        "months or more.",
    )
    appeal_target_hours: int = Field(
        default=72,
        ge=1,
        le=876_000,
        description="Hours in which an appeal should be decided. Moderators are reminded after.",
    )
