"""Operations of migrations."""

from typing import Any

from django.db import migrations
from django.db.migrations.state import ProjectState


class DescribeField(migrations.AlterField):
    """Change what only Python knows of a field: its labels, choices, or default.

    `AlterField` renders all models again that are related to the field's, which takes most of the
    time of `migrate`. Here the rendered models stay as they are: no statement differs.

    Limits: data migrations that run in the same `migrate` may still see the former description.
    """

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Record the new description in `state`."""
        state.models[app_label, self.model_name_lower].fields[self.name] = self.field

    def database_forwards(self, *_arguments: Any) -> None:
        """Do nothing."""

    def database_backwards(self, *_arguments: Any) -> None:
        """Do nothing."""
