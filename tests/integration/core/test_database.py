"""Executable preconditions of database code."""

import pytest
from django.db import transaction

from moderado.core.database import NotInTransaction, require_transaction

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
