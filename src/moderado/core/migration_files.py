"""Which migrations wait, without loading them: a hundred modules would stay in memory."""

import pkgutil
from importlib import import_module

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def waiting_migrations() -> set[tuple[str, str]]:
    """Return app label and name of each migration of this code that the database lacks.

    Raises:
        django.db.DatabaseError: The database cannot be asked.
    """
    recorded = MigrationRecorder(connections[DEFAULT_DB_ALIAS]).applied_migrations()
    return {
        (config.label, name)
        for config in apps.get_app_configs()
        for name in _names(config.label)
        if (config.label, name) not in recorded
    }


def _names(label: str) -> set[str]:
    package, is_explicit = MigrationLoader.migrations_module(label)
    if package is None:  # disabled by MIGRATION_MODULES
        return set()
    try:
        folders = import_module(package).__path__
    except ModuleNotFoundError:
        if is_explicit:
            raise
        return set()  # the app has no tables
    return {
        name
        for _, name, is_package in pkgutil.iter_modules(folders)
        if not is_package and name[0] not in "_~"
    }
