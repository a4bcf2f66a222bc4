"""Executable preconditions of database code."""

import pytest
from django.db import connection, transaction

from moderado.accounts.models import User
from moderado.core.database import NotInTransaction, require_transaction, run_prepared

pytestmark = pytest.mark.django_db(transaction=True)


def test_require_transaction_raises_in_autocommit_mode():
    with pytest.raises(NotInTransaction):
        require_transaction()


def test_require_transaction_accepts_an_atomic_block():
    with transaction.atomic():
        require_transaction()


def test_require_transaction_raises_again_after_the_block():
    with transaction.atomic():
        pass

    with pytest.raises(NotInTransaction):
        require_transaction()


@pytest.mark.proves("R314")
def test_connection_keeps_no_statement_with_its_values():
    run_prepared("SELECT 1")
    statements = connection.connection._prepared
    prepared = len(statements._names)

    for number in range(20):
        run_prepared("SELECT %s::text", [f"prepared {number}"])
        assert not User.objects.filter(name=f"a name that stays in memory {number}").exists()

    assert not statements._counts
    assert len(statements._names) == prepared + 1
