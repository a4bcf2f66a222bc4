"""Password hashing."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """Argon2id with OWASP's first recommended parameters (46 MiB, one pass, one thread).

    Django's defaults use 100 MiB and eight threads for each sign-in: a few simultaneous sign-ins
    would exhaust a small server.
    """

    time_cost = 1
    memory_cost = 47_104  # KiB
    parallelism = 1
