"""Admin pages of enforcement."""

from moderado.enforcement import admin_cases  # noqa: F401  (registers the cases)
