"""Operations of migrations."""

import inspect

from django.db import migrations, models
from django.db.migrations.state import ModelState, ProjectState

from moderado.core.migration_operations import DescribeField


def test_description_is_recorded_and_no_model_is_rendered_again():
    state = ProjectState()
    state.add_model(ModelState("zz", "Thing", [("name", models.TextField(primary_key=True))]))
    rendered = state.apps.get_model("zz", "Thing")
    operation = DescribeField("thing", "name", models.TextField("Nome", primary_key=True))

    before = state.clone()
    operation.state_forwards("zz", state)

    assert state.models["zz", "thing"].fields["name"].verbose_name == "Nome"
    assert before.models["zz", "thing"].fields["name"].verbose_name is None
    assert state.apps.get_model("zz", "Thing") is rendered


def test_database_is_not_asked():
    for name in ("database_forwards", "database_backwards"):
        expected = inspect.signature(getattr(migrations.AlterField, name)).parameters
        assert getattr(DescribeField("thing", "name", models.TextField()), name)(*expected) is None
