"""Seeded defects: each can be put into the source as it is now, and names a test that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import mutants, service_mutants
from tests.faults.mutation import Defect

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("defect", [*mutants.DEFECTS, *service_mutants.DEFECTS], ids=lambda defect: defect.name)
def test_it_can_be_put_into_the_source(defect: Defect) -> None:
    assert (ROOT / defect.file).read_text().count(defect.old) == 1
    assert defect.new != defect.old
    for test in defect.tests:
        file, _, name = test.partition("::")
        assert (ROOT / file).is_file()
        assert name.rpartition("::")[2].partition("[")[0] in (ROOT / file).read_text()
