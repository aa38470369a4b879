"""BG/NBD against its definition: numerical integrals, customers simulated one purchase at a time, and posteriors."""

from math import gamma

import numpy as np
import pytest
from scipy import integrate, stats

from selflearn_env.shop.fitting.bgnbd import BGNBD

CDNOW = BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)  # in weeks: Fader, Hardie and Lee 2005, table 2
STEADY = BGNBD(r=1.7, alpha=30.0, a=2.0, b=15.0)
CAME_BACK, DID_NOT = (2, 30.43, 38.86), (0, 0.0, 38.86)  # frequency, recency, age
CUSTOMERS = [CAME_BACK, DID_NOT, (1, 1.71, 38.86), (7, 29.43, 38.86), (5, 4.0, 4.0), (1, 0.0, 12.0)]


def of(customers):
    """Arrays (C,) of frequency, recency and age."""
    return [np.array(column, dtype=float) for column in zip(*customers, strict=True)]


def integrated_likelihood(model, frequency, recency, age):
    """(1 - p)^x rate^x e^(-rate T), and where there was a repeat, p (1 - p)^(x - 1) rate^x e^(-rate t_x); averaged over
    the gamma distribution of the rate and the beta distribution of p, each by numerical integration."""

    def of_rate(until):  # in u = rate^r the density has no pole
        top = stats.gamma.isf(1e-15, model.r, scale=1 / model.alpha)

        def density(u):
            rate = u ** (1 / model.r)
            return rate**frequency * np.exp(-rate * (until + model.alpha))

        found, _ = integrate.quad(density, 0, top**model.r, limit=500, epsabs=0, epsrel=1e-10)
        return found * model.alpha**model.r / gamma(model.r + 1)

    def of_leaving(gone, stayed):
        poles = {"weight": "alg", "wvar": (model.a - 1, model.b - 1), "epsrel": 1e-12}
        found, _ = integrate.quad(lambda p: p**gone * (1 - p) ** stayed, 0, 1, **poles)
        whole, _ = integrate.quad(lambda p: p**0, 0, 1, **poles)
        return found / whole

    likelihood = of_leaving(0, frequency) * of_rate(age)
    if frequency:
        likelihood += of_leaving(1, frequency - 1) * of_rate(recency)
    return likelihood


@pytest.mark.parametrize("model", [CDNOW, STEADY], ids=["cdnow", "steady"])
@pytest.mark.parametrize("customer", CUSTOMERS, ids=str)
def test_the_likelihood_is_the_integral_over_all_kinds_of_customers(model, customer):
    found = model.log_likelihood(*of([customer]))
    assert found.shape == (1,)
    assert found[0] == pytest.approx(np.log(integrated_likelihood(model, *customer)), rel=1e-6)


def test_the_likelihood_is_a_density_over_all_that_may_happen():
    """Who does not come back, and who comes back at any time for the only time: the rest come twice or more."""
    age = 10.0
    never = np.exp(STEADY.log_likelihood(*of([(0, 0.0, age)])))[0]
    once, _ = integrate.quad(lambda when: np.exp(STEADY.log_likelihood(*of([(1, when, age)])))[0], 0, age)
    rates = np.random.default_rng(1).gamma(STEADY.r, 1 / STEADY.alpha, 400_000)
    leave = np.random.default_rng(2).beta(STEADY.a, STEADY.b, 400_000)
    assert never == pytest.approx(np.exp(-rates * age).mean(), abs=2e-3)
    # One purchase within the age: then it has left, or no other has come.
    one = leave * -np.expm1(-rates * age) + (1 - leave) * rates * age * np.exp(-rates * age)
    assert once == pytest.approx(one.mean(), abs=2e-3)


def simulated(model, count, seed):
    """(frequency, recency, age) of customers who buy one purchase at a time, as the paper tells it."""
    rng, customers = np.random.default_rng(seed), []
    for _ in range(count):
        rate, leave = rng.gamma(model.r) / model.alpha, rng.beta(model.a, model.b)
        age = rng.uniform(27, 39)  # weeks; they come for the first time within twelve
        time, frequency, recency = rng.exponential() / rate, 0, 0.0
        while time < age:
            frequency, recency = frequency + 1, time
            if rng.random() < leave:
                break
            time += rng.exponential() / rate
        customers.append((frequency, recency, age))
    return of(customers)


@pytest.mark.parametrize("model", [CDNOW, STEADY], ids=["cdnow", "steady"])
def test_the_fit_finds_the_parameters_again(model):
    customers = simulated(model, 40_000, seed=1)
    found = BGNBD.fit(*customers)
    gain = (found.log_likelihood(*customers) - model.log_likelihood(*customers)).sum()
    assert 0 <= 2 * gain <= stats.chi2(4).isf(1e-4)  # twice the gain over the truth is chi-square
    assert found.r / found.alpha == pytest.approx(model.r / model.alpha, rel=0.08)
    assert found.a / (found.a + found.b) == pytest.approx(model.a / (model.a + model.b), rel=0.2)
    assert found.r == pytest.approx(model.r, rel=0.1)


def test_the_fit_is_a_maximum():
    customers = simulated(CDNOW, 2000, seed=5)
    found = BGNBD.fit(*customers)
    best = found.log_likelihood(*customers).sum()
    for name in ("r", "alpha", "a", "b"):
        for factor in (0.8, 0.95, 1.05, 1.25):
            other = BGNBD(**vars(found) | {name: getattr(found, name) * factor})
            assert other.log_likelihood(*customers).sum() <= best + 1e-6


def test_the_unit_of_time_does_not_matter():
    frequency, recency, age = simulated(CDNOW, 5000, seed=2)
    weeks, days = BGNBD.fit(frequency, recency, age), BGNBD.fit(frequency, 7 * recency, 7 * age)
    assert days.alpha == pytest.approx(7 * weeks.alpha, rel=0.02)
    assert (days.r, days.a / (days.a + days.b)) == pytest.approx((weeks.r, weeks.a / (weeks.a + weeks.b)), rel=0.02)


@pytest.mark.parametrize(("count", "returned"), [(2000, 1), (2000, 5), (3, 1)])
def test_a_log_to_which_hardly_anybody_came_back_has_customers_all_the_same(count, returned):
    frequency, age = np.zeros(count), np.full(count, 300.0)
    frequency[:returned] = 1
    recency = np.where(frequency > 0, 100.0, 0.0)
    model = BGNBD.fit(frequency, recency, age)
    assert all(np.isfinite(value) and value > 0 for value in vars(model).values())
    rate, leave, _ = model.draw(frequency, recency, age, np.random.default_rng(0))
    assert (np.isfinite(rate) & (rate > 0)).all()
    assert ((leave >= 0) & (leave <= 1)).all()


def test_where_nobody_came_back_there_is_nothing_to_fit():
    with pytest.raises(
        ValueError, match="no customer bought on a second day: there is no life to fit; give a longer log"
    ):
        BGNBD.fit(np.zeros(5), np.zeros(5), np.full(5, 300.0))


# ---------------------------------------------------------------- one draw from what the purchases tell


def posterior(model, frequency, recency, age, count=400_000, seed=3):
    """Rates, probabilities to leave and whether it has left, from the prior, with their weights."""
    rng = np.random.default_rng(seed)
    rate, leave = rng.gamma(model.r, 1 / model.alpha, count), rng.beta(model.a, model.b, count)
    stayed = (1 - leave) ** frequency * rate**frequency * np.exp(-rate * age)
    left = leave * (1 - leave) ** (frequency - 1) * rate**frequency * np.exp(-rate * recency) if frequency else 0 * rate
    return rate, leave, stayed + left, left


@pytest.mark.parametrize("model", [CDNOW, STEADY], ids=["cdnow", "steady"])
@pytest.mark.parametrize("customer", [CAME_BACK, DID_NOT, (4, 5.0, 38.86)], ids=["came back", "did not", "long ago"])
def test_draws_are_what_the_purchases_tell(model, customer):
    rate, leave, weight, left = posterior(model, *customer)
    share = weight / weight.sum()
    drawn = model.draw(*(np.repeat(column, 40_000) for column in of([customer])), np.random.default_rng(4))
    effective = 1 / (share**2).sum()
    assert effective > 1000
    known = rate, leave
    for value in (
        lambda of: of[0],
        lambda of: of[1],
        lambda of: of[0] * of[1],  # not independent, as leaving goes with the rate
        lambda of: np.sqrt(of[0]),
        lambda of: np.exp(-10 * of[0]),
    ):
        ours, exact = value(drawn), value(known)
        mean = share @ exact
        error = np.sqrt(ours.var() / ours.size + share**2 @ (exact - mean) ** 2)
        assert abs(ours.mean() - mean) <= 4.5 * error
    assert drawn[2].dtype == np.bool_
    gone = left.sum() / weight.sum()
    assert abs(drawn[2].mean() - gone) <= 4.5 * np.sqrt(gone * (1 - gone) * (1 / 40_000 + 1 / effective))
    assert drawn[2].any() == (customer[0] > 0)  # nobody leaves before the first purchase after the first


def test_over_all_customers_draws_have_the_distribution_that_made_them():
    """Draw from what customers of the model tell, and the model's own customers come out."""
    customers = simulated(STEADY, 20_000, seed=8)
    rate, leave, _ = STEADY.draw(*customers, np.random.default_rng(1))
    assert stats.kstest(rate, stats.gamma(STEADY.r, scale=1 / STEADY.alpha).cdf).pvalue > 1e-4
    assert stats.kstest(leave, stats.beta(STEADY.a, STEADY.b).cdf).pvalue > 1e-4


def test_draws_follow_from_the_generator():
    one, same, other = (CDNOW.draw(*of(CUSTOMERS), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert [each.tolist() for each in one] == [each.tolist() for each in same]
    assert (one[0] != other[0]).all()
