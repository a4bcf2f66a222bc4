"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """Argon2id at OWASP's first recommendation (46 MiB, one pass, one thread).

    Django's own setting takes 100 MiB and eight threads a sign-in: on a small server, some people
    who sign in at once would take the memory and the processors of everybody who chats.
    """

    time_cost = 1
    memory_cost = 47_104  # KiB
    parallelism = 1
