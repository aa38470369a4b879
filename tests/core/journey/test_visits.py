"""What the shop sees of a visit: the last purchases, the oldest first."""

from __future__ import annotations

from tests.core.journey.test_memory import visit


def test_the_record_is_what_the_customer_remembers_to_have_bought_in_the_order_of_time():
    seen = visit(20, bought=[(9, 2), (9, 1), (5, 4)]).seen(first_date=100)
    assert seen.date.tolist() == [120]
    assert seen.record.start.tolist() == [0, 3]
    assert seen.record.product.tolist() == [4, 1, 2]
    assert seen.record.day.tolist() == [105, 109, 109]
    assert visit(20).seen(first_date=100).record.start.tolist() == [0, 0]
