"""Our best: a belief per product, shared by the states of a block, such as a month; started from the history."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.eligible import EVERYTHING, may_show
from selflearn_agents.hierarchical.model import Model
from selflearn_agents.hierarchical.prior import history_prior
from selflearn_agents.optimism import check_optimism
from selflearn_env.core.compiling import Loop
from selflearn_env.declared import Declared, indexes, numbers, permutation, real
from selflearn_env.shop.history import History

LISTED = 64  # newcomers listed per state; few enough to look through, enough to outlast many visits
AHEAD, SOON = 2.0, 100.0  # they are listed for so many times the visits, and if nothing moves for at least so many
GROWN = 1.2  # and for so many times the variance of how far they have moved


class HierarchicalAgent(Agent):
    """Learns by how much each product does better or worse than the history predicts, in all related states at once.

    Belief: a product is bought with x exp(u) e_k in slot k, and otherwise clicked with y exp(u / 2) e_k. Over the
    states of a block (those with the same label of the tier that the history's pooling splits first) the log-appeal u
    of a product is normal, with the logarithm of the history's pooled incidence as mean and, between states s and t,
    the covariance

        K(s, t) = v + sum of v_l over the levels l at which s and t are in one group

    There is a level for each set of m other tiers. It starts at v_l = 1 / (w_m * number of sets of that size), with w_m
    the weight of the level of the history's pooling that has m + 1 tiers, the block's own included. What the block as a
    whole has in common depends on the history's purchases h of the product in the block, and on the block's weight w_0:

        v = 1 / (w_0 + h) + h / (w_0 + h)^2 + h^2 / (w_0 + h)^3

    The first term is there because the customers to come are a draw of their own, the second because they buy a
    random number of times, the third for what h purchases leave open.

    Update, for each shown product in state s, with b and q the probabilities that it is bought, and if not bought
    clicked, and c the column K(., s):

        g = (bought - b) / (1 - b) + (clicked - q, if not bought) / (2 (1 - q))
        j = b / (1 - b) + (1 - b) q / (4 (1 - q))
        mean += c g / (1 + j c_s);   K -= c c' j / (1 + j c_s)

    g is the slope of the response's log-likelihood in u and j its information: an extended Kalman filter (Fahrmeir
    1992). x, y and e_k are each the responses seen, divided by those expected if the factor were 1.

    A batch is learned in parts: a part has at most as many visits as were learned before it, but 64 are always allowed,
    and never more than 1,024. This keeps steps short where many visits say the same. All g and j of a part are taken at
    the belief before that part, as normal observations z = u + g / j with precision j. Those of one product in one
    state add up to one observation, and then the update is made state by state, with j (z - mean) in the place of g;
    the order makes no difference.

    When the visits reach 500, 1000, 2000, ... the v_l are fitted to all observations so far, and the beliefs are worked
    out anew. With K_l the part of K that level l makes, V = K + 1 / j, and a = V^-1 (z - prior_mean), three times, each
    summed over a third of the products shown,

        v_l *= sqrt((20 / 3 + a' K_l a) / (20 / 3 + trace of V^-1 K_l))

    by the MM algorithm for variance components (Zhou, Hu, Zhou and Lange 2019) with ordered subsets (Hudson and Larkin
    1994), the 20 holding on to the history's.

    Products may move: then the log-appeal is u + d, with a deviation d of each product that all states share, and the
    observations z are of u + d. `Walk` has what is believed of d; u learns from z - d with precision
    j / (1 + j variance of d), as if d were drawn anew each time. So u keeps what lasts, and while nothing seems to
    move d is 0.

    Slate: the products of greatest mean + optimism * sqrt(log(1 + n)) * standard deviation of u + d, best first, with n
    the visits of the state, this one included (Auer et al. 2002; for such beliefs, Srinivas et al. 2010).

    Newcomers are the products never shown in the block, of which nothing is known but the prior. Their scores grow with
    n and with the v_l. So each state lists the best of them by the scores that they will have after many more visits,
    which bound their scores until then, and the last one's bounds those of the products left out. Where some products
    may not be shown and too few of those listed may, all newcomers are looked at for this one visit.

    Cost per visit: O(R) to decide and O(n Q^2) to learn, with R products once shown in a block, or if products move in
    any block, and Q states in it; a refit O(R Q^3). Memory: one number per state and product, and R Q^2 / 2.
    """

    sure = True
    parts = {"model": Model}  # noqa: RUF012

    declared: ClassVar[Declared] = {
        "_optimism": real(0.0),
        "_rank": permutation("products"),
        "_newcomers": indexes("products", "states", "newcomers listed"),
        "_bound": numbers("states", "newcomers listed", infinite=True),
        "_reach": numbers("states", 3, least=-1.0),
    }

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        optimism: float = 0.65,
        follow: bool = True,
    ):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: the generator of all that the agent draws.
            optimism: standard deviations of the log-appeal that are added to it per sqrt(log(1 + visits)), >= 0.
            follow: whether products may move; if not, the past counts as much as the present.

        Raises:
            TypeError: `follow` is neither True nor False.
            ValueError: the optimism is negative or no number.
        """
        super().__init__(history, slate_size, rng)
        if not isinstance(follow, bool | np.bool_):
            raise TypeError(f"follow is True or False, got {follow!r}")
        self._optimism = check_optimism(optimism)
        self.model = Model(history_prior(history), self.slate_size, follow=bool(follow))
        # Products that score the same stand in a random order, not in that of the catalogue.
        self._rank = rng.permutation(self.products)
        listed = min(max(LISTED, 2 * self.slate_size), self.products)
        # For each state the newcomers listed, what bounds their scores, best first, and up to which bonus and added
        # variance, and whether products moved.
        self._newcomers = np.zeros((self.states, listed), dtype=np.int64)
        self._bound = np.full((self.states, listed), -np.inf)
        self._reach = np.full((self.states, 3), -1.0)

    def check_kept(self) -> None:
        """Sees that the newcomers of a state are listed once each, and enough of them for a slate.

        Raises:
            ValueError: it is not so.
        """
        listed = np.where(self._bound > -np.inf, self._newcomers, -1 - np.arange(self._bound.shape[1]))
        listed.sort(axis=1)
        if (np.diff(listed, axis=1) == 0).any() or listed.shape[1] < self.slate_size:
            raise ValueError("lists a newcomer twice, or too few of them")

    def _act(self, states: NDArray[np.int64], eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) the slates of greatest score."""
        model, walk, allowed = self.model, self.model.walk, EVERYTHING if eligible is None else eligible
        slates = np.empty((len(states), self.slate_size), dtype=np.int64)
        decide(
            states, slates, self._optimism, model.added_variance, model.visit_count, model.block, model.place,
            model.prior_mean, model.common_variance, model.row, model.owner, model.first, model.following, model.mean,
            model.variance, walk.moved, walk.newcomer_variance, walk.shown, walk.looked_at, self._rank, self._newcomers,
            self._bound, self._reach, allowed,
        )  # fmt: skip
        return slates

    def _update(self, states: NDArray, slates: NDArray, responses: NDArray, item_rewards: NDArray) -> None:
        """Learns; of a product shown twice only the first slot counts, and the item rewards are not read."""
        self.model.observe(states, slates, responses.astype(np.int8, copy=False))

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) probability that the product is bought when it is shown, by present belief."""
        return self.model.purchase_probability(states)


@Loop
def decide(  # type: ignore[no-untyped-def]
    states, slates, optimism, added, visit_count, block, place, prior_mean, common_variance, row, owner, first,
    following, mean, variance, moved, newcomer_variance, shown, looked_at, rank, newcomers,
    bound, reach, eligible,
):  # fmt: skip
    """Fills the slates (B, n) for visits in some states (B,); the other arguments as in `Model` and the agent.

    Where all products are eligible, the visits in one state are shown one slate.
    """
    moves, untold = 1.0 * (len(looked_at) > 0), added + newcomer_variance
    decided = np.full(len(block), -1)  # the first visit in each state
    scores = np.empty(slates.shape[1])
    for visit in range(len(states)):
        state = states[visit]
        if decided[state] >= 0 and len(eligible) == 0:
            slates[visit] = slates[decided[state]]
            continue
        decided[state] = visit
        count = 1.0 + visit_count[state]
        bonus = optimism * math.sqrt(math.log1p(count))
        home, here = block[state], place[state]
        means, common, rows = prior_mean[state], common_variance[home], row[home]
        listed, bounds, slate = newcomers[state], bound[state], slates[visit]
        if bonus > reach[state, 0] or untold > reach[state, 1] or reach[state, 2] != moves:
            soon = 0.0 if moves else SOON
            reach[state, 0] = optimism * math.sqrt(math.log1p(max(AHEAD * count, soon)))
            reach[state, 1], reach[state, 2] = AHEAD * added + GROWN * newcomer_variance, moves
            list_newcomers(
                listed, bounds, reach[state, 0], reach[state, 1], means, common, rows, shown, looked_at, rank,
                eligible[:0], visit,
            )  # fmt: skip
        while True:
            fill(
                slate, scores, bonus, added, untold, here, first[home], owner, following, mean, variance, moved, shown,
                looked_at, listed, bounds, means, common, rows, rank, eligible, visit,
            )  # fmt: skip
            if scores[-1] > bounds[-1] or (scores[-1] == bounds[-1] and len(eligible) == 0):
                break
            # A product that is not listed may belong in the slate. Listed by their present scores, none does.
            if len(eligible) > 0:
                fill_from_all(
                    slate, scores, bonus, added, untold, here, first[home], owner, following, mean, variance, moved,
                    shown, looked_at, means, common, rows, rank, eligible, visit,
                )  # fmt: skip
                break
            reach[state, 0], reach[state, 1] = bonus, untold
            list_newcomers(listed, bounds, bonus, untold, means, common, rows, shown, looked_at, rank, eligible, visit)


@Loop
def fill(  # type: ignore[no-untyped-def]
    slate, scores, bonus, added, untold, here, first, owner, following, mean, variance, moved, shown, looked_at,
    listed, bounds, means, common, rows, rank, eligible, visit,
):  # fmt: skip
    """Fills a slate (n,) and its scores (n,) from the products once shown in the block and newcomers listed.

    Where products move, those once shown in another block are looked at, too, and are not among the listed.
    """
    filled, belief = 0, first
    scores[:] = -np.inf
    while belief >= 0:
        product = owner[belief, 1]
        unsure = np.float64(variance[belief, here]) + moved[product, 1]
        score = np.float64(mean[belief, here]) + moved[product, 0] + bonus * math.sqrt(unsure)
        if score >= scores[-1] and may_show(eligible, visit, product):
            filled = insert(product, score, slate, scores, filled, rank)
        belief = following[belief]
    for product in looked_at:
        if rows[product] < 0:
            unsure = np.float64(common[product]) + added + moved[product, 1]
            score = np.float64(means[product]) + moved[product, 0] + bonus * math.sqrt(unsure)
            if score >= scores[-1] and may_show(eligible, visit, product):
                filled = insert(product, score, slate, scores, filled, rank)
    for number in range(len(listed)):
        if bounds[number] < scores[-1]:
            break
        product = listed[number]
        if rows[product] < 0 and not (len(looked_at) and shown[product]) and may_show(eligible, visit, product):
            score = np.float64(means[product]) + bonus * math.sqrt(np.float64(common[product]) + untold)
            filled = insert(product, score, slate, scores, filled, rank)


@Loop
def fill_from_all(  # type: ignore[no-untyped-def]
    slate, scores, bonus, added, untold, here, first, owner, following, mean, variance, moved, shown, looked_at,
    means, common, rows, rank, eligible, visit,
):  # fmt: skip
    """`fill`, from a list of the eligible newcomers that is made for this visit alone."""
    listed, bounds = np.empty(len(slate), dtype=np.int64), np.empty(len(slate))
    list_newcomers(listed, bounds, bonus, untold, means, common, rows, shown, looked_at, rank, eligible, visit)
    fill(
        slate, scores, bonus, added, untold, here, first, owner, following, mean, variance, moved, shown, looked_at,
        listed, bounds, means, common, rows, rank, eligible, visit,
    )  # fmt: skip


@Loop
def list_newcomers(  # type: ignore[no-untyped-def]
    listed, bounds, bonus, added, means, common, rows, shown, looked_at, rank, eligible, visit
):
    """Lists the newcomers of greatest score at such a bonus and added variance, and these scores."""
    bounds[:] = -np.inf
    filled = 0
    for product in range(len(means)):
        score = np.float64(means[product]) + bonus * math.sqrt(np.float64(common[product]) + added)
        is_newcomer = rows[product] < 0 and not (len(looked_at) and shown[product])
        if score >= bounds[-1] and is_newcomer and may_show(eligible, visit, product):
            filled = insert(product, score, listed, bounds, filled, rank)


@Loop
def insert(product, score, best, scores, filled, rank):  # type: ignore[no-untyped-def]
    """Puts a product among the best so far, best first, if it belongs there; returns how many there are now."""
    at = filled
    while at > 0 and (score > scores[at - 1] or (score == scores[at - 1] and rank[product] < rank[best[at - 1]])):
        at -= 1
    if at == len(best):
        return filled
    filled = min(filled + 1, len(best))
    for later in range(filled - 1, at, -1):
        best[later], scores[later] = best[later - 1], scores[later - 1]
    best[at], scores[at] = product, score
    return filled
