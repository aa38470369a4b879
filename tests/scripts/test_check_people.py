"""The check of the persons' model, run as a user runs it."""

import json

from tests.scripts.command import run


def test_it_writes_tables_and_named_figures(shop, tmp_path):
    done = run("check_people.py", "--shop", shop, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "people.md").read_text()
    assert text.strip() == done.stdout.strip()
    for head in ("## other customers", "## the last two months", "## Visits of the log and simulated ones"):
        assert head in text
    found = json.loads((tmp_path / "figures.json").read_text())
    assert found["nats.other_customers.popularity"] > 0
    assert f"| popularity | {found['nats.other_customers.popularity']:.2f} ±" in text
    assert 0 < found["simulated.repeat_share"] < 100
