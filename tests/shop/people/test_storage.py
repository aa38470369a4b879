"""People kept with a shop: what comes back is what was fitted, and it is fitted once."""

import json
import pickle
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

from selflearn_env import Shop, datasets
from selflearn_env.archive import read_archive, write_archive
from selflearn_env.shop.people import fit
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.present import Present
from selflearn_env.shop.people.repeat import CAPS, Repeat
from selflearn_env.shop.people.storage import STEPS, put_together, take_apart
from selflearn_env.shop.people.taste import Taste, fit_taste


@pytest.fixture(scope="module")
def shop(busy_log, busy_segments):
    """A shop to which nothing has been fitted yet; what is fitted to it stays."""
    return Shop.from_transactions(busy_log, segments=busy_segments)


@pytest.fixture
def no_more_fits(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("fitted again")

    return lambda: monkeypatch.setattr(fit, "fit_people", refuse)


def assert_same(one, other):
    """Equal in every field, bit for bit."""
    if is_dataclass(one):
        assert type(one) is type(other)
        for field in fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    else:
        assert one == other


def journal_of(baskets, shop):
    return Journal.from_population(baskets, shop.states).by_day()


def full(journal):
    """People in whom every part is there: tastes, a record, a present."""
    rng = np.random.default_rng(5)
    people = fit.fit_people(journal, rng)
    repeat = Repeat(rng.dirichlet(np.ones(len(CAPS))), 1.7, np.inf)
    choice = replace(people.choice, present=Present(14.0, 0.25), repeat=repeat, topics=3, present_gain=np.float64(0.1))
    return replace(people, choice=choice, taste=fit_taste(journal, people.months, 3, rng))


@pytest.mark.parametrize("which", ["fitted", "full"])
def test_people_come_back(journal, which):
    people = full(journal) if which == "full" else fit.fit_people(journal, np.random.default_rng(5))
    kept = take_apart(people)
    json.dumps(kept.heading)
    found = put_together(kept, journal)
    assert_same(found.choice, people.choice)
    assert_same(found.activity, people.activity)
    assert_same(found.months, people.months)
    for name in ("shape", "rate"):
        np.testing.assert_allclose(getattr(found.taste, name), getattr(people.taste, name), rtol=1 / STEPS)
    assert_same(put_together(take_apart(found), journal), found)


def test_people_without_a_taste_come_back(journal):
    people = fit.fit_people(journal, np.random.default_rng(5), topics=(1,))
    found = put_together(take_apart(people), journal)
    assert_same(found.taste, Taste.none(journal.products))
    assert_same(found.days, people.days)


def test_a_shop_fits_each_side_to_its_own_baskets(shop):
    for stream, people, baskets in (
        (4, shop.people, shop.customers),
        (5, shop.history_people, shop.history.baskets),
    ):
        journal = journal_of(baskets, shop)
        expected = fit.fit_people(journal, np.random.default_rng(np.random.SeedSequence(shop.seed).spawn(6)[stream]))
        assert_same(people, put_together(take_apart(expected), journal))
        assert_same(people.days, expected.days)
    assert shop.people.activity.mean != shop.history_people.activity.mean


@pytest.mark.parametrize("way", ["file", "pickle"])
def test_a_shop_that_comes_back_is_not_fitted_again(shop, tmp_path, no_more_fits, way):
    fitted, of_history = shop.people, shop.history_people
    no_more_fits()
    if way == "file":
        shop.save(tmp_path / "shop.npz")
        again = Shop.load(tmp_path / "shop.npz")
    else:
        again = pickle.loads(pickle.dumps(shop))
    assert_same(again.people, fitted)
    assert_same(again.history_people, of_history)


def test_what_was_fitted_is_no_part_of_the_digest(shop, busy_log, busy_segments, tmp_path):
    assert shop.people is shop.people
    unfitted = Shop.from_transactions(busy_log, segments=busy_segments)
    assert shop.digest == unfitted.digest
    unfitted.save(tmp_path / "unfitted.npz")
    shop.save(tmp_path / "fitted.npz")
    assert [Shop.load(tmp_path / f"{name}.npz").digest for name in ("fitted", "unfitted")] == 2 * [shop.digest]
    assert_same(Shop.load(tmp_path / "unfitted.npz").people, shop.people)


def test_where_all_is_history_there_is_one_fit(busy_log, busy_segments):
    shop = Shop.from_transactions(busy_log, segments=busy_segments, history_share=1)
    assert shop.history_people is shop.people


def break_arrays(heading, arrays):
    del arrays["people.taste.rate"]


def break_heading(heading, arrays):
    del heading["fits"]["people"]["activity"]


def break_size(heading, arrays):
    arrays["people.taste.shape"] = arrays["people.taste.shape"][1:]


@pytest.mark.parametrize("damage", [break_arrays, break_heading, break_size])
def test_a_broken_fit_is_named(shop, tmp_path, damage):
    assert shop.people
    shop.save(tmp_path / "shop.npz")
    heading, arrays = read_archive(tmp_path / "shop.npz", "selflearn-shop", 4)
    damage(heading, arrays)
    write_archive(tmp_path / "shop.npz", heading, arrays)
    with pytest.raises(ValueError, match=r"a broken shop file \(people.*; build it anew"):
        Shop.load(tmp_path / "shop.npz")


def test_fits_of_another_shop_are_passed_over(shop, busy_log, busy_segments, tmp_path, no_more_fits):
    assert shop.people
    shop.save_fits(tmp_path / "fits.npz")
    own = Shop.from_transactions(busy_log, segments=busy_segments).with_fits(tmp_path / "fits.npz")
    other = Shop.from_transactions(busy_log, segments=busy_segments, seed=1).with_fits(tmp_path / "fits.npz")
    no_more_fits()
    assert_same(own.people, shop.people)
    with pytest.raises(AssertionError, match="fitted again"):
        assert other.people


def test_the_embedded_shop_s_people_are_shipped(retail_shop, no_more_fits, tmp_path):
    assert datasets.FITS.stat().st_size < 600_000
    no_more_fits()
    assert retail_shop.people.choice.topics > 1
    assert retail_shop.history_people.choice.repeat.happens
    retail_shop.save(tmp_path / "shop.npz")
    assert_same(Shop.load(tmp_path / "shop.npz").people, retail_shop.people)


@pytest.mark.slow
def test_the_people_shipped_are_those_fitted(retail_shop):
    """`python -m selflearn_env.datasets` makes them anew. Other processors round otherwise, hence the tolerance."""
    fresh = Shop.from_transactions(datasets.ONLINE_RETAIL)
    for people, expected in (
        (retail_shop.people, fresh.people),
        (retail_shop.history_people, fresh.history_people),
    ):
        assert people.choice.present == expected.choice.present
        assert people.choice.topics == expected.choice.topics
        assert people.choice.repeat.half_life == expected.choice.repeat.half_life
        np.testing.assert_allclose(people.choice.repeat.weight, expected.choice.repeat.weight, atol=1e-3)
        assert people.activity.mean == pytest.approx(expected.activity.mean, rel=1e-3)
        np.testing.assert_allclose(people.taste.factors, expected.taste.factors, rtol=0.01)
