"""Admin pages of enforcement."""

from moderado.enforcement import (
    admin_cases,  # noqa: F401  (registers the cases)
    admin_decisions,  # noqa: F401  (registers itself)
    admin_notices,  # noqa: F401  (registers itself)
    admin_people,  # noqa: F401  (registers itself)
    admin_privacy,  # noqa: F401  (registers itself)
    admin_queues,  # noqa: F401  (registers itself)
    admin_raids,  # noqa: F401  (registers itself)
    admin_standing,  # noqa: F401  (registers itself)
)
