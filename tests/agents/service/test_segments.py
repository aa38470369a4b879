"""A shop's own customers, by their codes."""

from __future__ import annotations

import pytest
from selflearn_agents.service.clientele import Clientele
from selflearn_agents.service.limits import Limits, RefusedError
from selflearn_agents.service.segments import read_segments

from selflearn_env import load_transactions, rfm_table, segment_customers
from tests.agents.service.test_service import Shopkeeper, reason

MAY = 19_495  # 18 May 2023


def test_customers_come_by_their_codes(tiny_shop, tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text("\ufeffcustomer,segment\r\nC-1,B\r\n7,D\r\n", encoding="utf-8")
    segments = read_segments(path, tiny_shop.states)
    assert segments == {"C-1": 1, "7": 3}
    clientele = Clientele(tiny_shop, Limits(), segments)
    assert tiny_shop.states.label(clientele.state("C-1", MAY)) == "B_May_1_Thursday"
    assert tiny_shop.states.label(clientele.state("7", MAY)) == "D_May_1_Thursday"
    assert clientele.number("7") is None
    with pytest.raises(RefusedError, match=r"does not know customer '8'.* it knows 2 of the file of customers"):
        clientele.state("8", MAY)
    keeper = Shopkeeper(tiny_shop, f"sqlite:///{tmp_path}/values.db", segments=segments)
    with keeper.client:
        assert keeper.decide(state=None, customer="C-1", time="2023-05-18")["state"] == "B_May_1_Thursday"
        assert "does not know customer '3'" in reason(keeper.post("/decide", {"customer": 3}), 422)


def test_what_segment_customers_gives_is_read(tiny_log, regulars_shop, tmp_path):
    segments = segment_customers(rfm_table(load_transactions(tiny_log)))
    segments.to_csv(tmp_path / "customers.csv", header=["segment"], index_label="customer")
    found = read_segments(tmp_path / "customers.csv", regulars_shop.states)
    assert found == {str(customer): ["Q1", "Q2", "Q3", "Q4"].index(label) for customer, label in segments.items()}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"customer,group\n1,A\n", "there is no column 'segment'; it has"),
        (b"", "there is no column 'customer'"),
        (b"customer,segment\n1,A\n2,Z\n", "line 3: segment 'Z' is none of A, B, C, D"),
        (b"customer,segment\n1,A\n1,A\n", "line 3: customer '1' is there twice"),
        (b"customer,segment\n\xff,A\n", "the file is not in UTF-8"),
        (b'customer,segment\n1,A\n"2,A\n3,A\n', "line 4: no segment; is a quote above never closed"),
        (b"customer,segment\n1,\0A\n", r"line 2: segment '.x00A' is none of|before line 2: line contains NUL"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(content, message, tiny_shop, tmp_path):
    path = tmp_path / "customers.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_segments(path, tiny_shop.states)
