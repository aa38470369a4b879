"""Random tables by every road, and damaged files; what runs here for a moment runs longer by a command.

python -m tests.shop.fuzzing_tables --minutes 20
"""

import numpy as np
import pytest
from hypothesis import given, settings

from tests.shop.fuzzing_tables import check_damage, check_roads, tables, whole_files


@settings(max_examples=12, derandomize=True, database=None, deadline=None)
@given(tables())
def test_a_table_is_the_same_by_every_road(table):
    check_roads(table)


@pytest.mark.parametrize("name", ["snappy.parquet", "log.xlsx"])
def test_a_damaged_file_is_refused_in_one_line_or_read(name, tmp_path):
    whole = whole_files()[name]
    became = {check_damage(name, whole, np.random.default_rng(case), tmp_path) for case in range(20)}
    assert "refused" in became
