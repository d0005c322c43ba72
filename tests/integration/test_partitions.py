"""Tables in partitions: by machine and by month."""

from __future__ import annotations

import pytest
from django.conf import settings

from core import partitions

pytestmark = pytest.mark.django_db
BY_MACHINE = [
    "inventory_configurationresult",
    "inventory_installation",
    "inventory_installationevidence",
    "recommendations_exposure",
]


def test_the_catalogue_tells_the_tables_by_machine_and_their_partitions_in_order() -> None:
    assert partitions.tables_by_machine() == BY_MACHINE
    for table in BY_MACHINE:
        assert partitions.names(table) == [f"{table}_p{n:02}" for n in range(settings.INSTALLATION_PARTITIONS)]
        assert partitions.count(table) == settings.INSTALLATION_PARTITIONS


def test_a_table_that_is_in_one_piece_or_is_not_there_has_no_partitions() -> None:
    assert partitions.names("inventory_machine") == partitions.names("no_such_table") == []
    assert partitions.count("inventory_machine") == 0
