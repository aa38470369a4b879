"""A customer's life as a plain loop: one customer, one product, one number at a time, with nothing ever forgotten."""

from dataclasses import dataclass, field
from math import log

SCORES = {0: 1, 1: 1, 2: 2, 3: 0}  # score sum -> segment number; the higher ones are Q4
GRAIN = 2**14  # the freshness of a showing is a multiple of its inverse


@dataclass
class Story:
    """All that has happened to one customer; the visit under way is on `day`."""

    customer: int
    first_day: int
    day: int
    time: float
    visits: int = 0
    last_visit: int = 0
    empty: int = 0
    satisfaction: float = 1.0
    slates: list = field(default_factory=list)  # (day, what was ignored), newest first
    purchases: list = field(default_factory=list)  # (day, product), newest visit first, in the order of the slots


class NaiveJourney:
    """The rules of one simulator, as numbers and lists."""

    def __init__(self, simulator):
        arrivals = simulator.arrivals
        lives, calendar = arrivals.lives, arrivals.calendar
        self.journey, self.pace, self.segmentation = arrivals.journey, arrivals.pace, lives.segmentation
        self.first_day, self.rate, self.leave, self.spend, self.segment_in_log = (
            each.tolist() for each in (lives.first_day, lives.rate, lives.leave, lives.spend, lives.segment)
        )
        self.clock, self.of_day, self.step = calendar.clock.tolist(), calendar.state.tolist(), calendar.segment_step
        given = arrivals.journey.satiation_days
        self.satiation_days = lives.repurchase_days if given is None else given

    def comes(self, customer):
        """The first visit: on the customer's first day, as the clock stands at its end."""
        day = self.first_day[customer]
        return Story(customer, day, day, self.clock[day + 1], last_visit=day)

    def attention(self, story, product):
        """What is left of the interest in a product."""
        journey = self.journey
        left = 1 - journey.boredom * (1 - story.satisfaction)
        for day, bought in story.purchases[:10]:
            if bought == product:
                left *= 1 - journey.satiation * 0.5 ** ((story.day - day) / self.satiation_days)
        for day, ignored in story.slates[:4]:
            fresh = max(round(0.5 ** ((story.day - day) / journey.fatigue_days) * GRAIN), 1) / GRAIN
            for shown in ignored:
                if shown == product:
                    left *= (1 - journey.fatigue) ** fresh
        return left

    def goes_on(self, story, slate, response, leaving, coming):
        """What the story becomes with one slate and one response to each product, and two draws of chance.

        Returns:
            The story, whether the customer has left, and whether the calendar is over before the next visit.
        """
        journey, customer = self.journey, story.customer
        bought = [product for product, kind in zip(slate, response, strict=True) if kind == 2]
        ignored = [product for product, kind in zip(slate, response, strict=True) if kind == 0]
        before = [product for _, products in story.slates[:4] for product in products]
        bored = sum(product in before for product in ignored)
        satisfaction = (story.satisfaction + 1 - bored / len(slate)) / 2
        if not (journey.fatigue or journey.boredom or journey.delay > 1):
            satisfaction = 1.0  # nothing depends on it
        empty = 0 if any(response) else story.empty + 1

        stay = 1.0
        if bought:
            stay *= 1 - self.leave[customer]
        if empty >= journey.patience:
            stay *= 1 - journey.leave
        left = leaving >= stay
        mean = 1 / (self.rate[customer] * self.pace.visits)
        time = story.time - log(1 - coming) * mean * journey.delay ** (1 - satisfaction)
        over = not left and time >= self.clock[-1]
        day = story.day
        if left or over:
            time = story.time
        else:
            day = max(day for day, start in enumerate(self.clock) if start <= time)
        after = Story(
            customer,
            story.first_day,
            day,
            time,
            story.visits + 1,
            story.day,
            empty,
            satisfaction,
            [(story.day, ignored), *story.slates],
            [*((story.day, product) for product in bought), *story.purchases],
        )
        return after, left, over

    def fields(self, story):
        """The story as `JourneyVisits` has it."""
        journey = self.journey
        later = [day for day, _ in story.purchases if day > story.first_day]
        of_slates = [(day, ignored) for day, ignored in story.slates[:4]]
        remembers_slates = journey.fatigue or journey.boredom or journey.delay > 1
        if not remembers_slates:
            of_slates = []
        return {
            "state": self.of_day[story.day] + self.step * self.segment(story),
            "customer": story.customer,
            "day": story.day,
            "time": story.time,
            "visits": story.visits,
            "last_visit": story.last_visit,
            "empty": story.empty,
            "satisfaction": story.satisfaction,
            "purchases": len(story.purchases),
            "frequency": len(set(later)),
            "last_buy": max(later, default=story.first_day),
            "spend": len(later) * self.spend[story.customer] / self.pace.products,
            "ignored": [sorted(products) for _, products in of_slates] + [[]] * (4 - len(of_slates)),
            "ignored_day": [day for day, _ in of_slates] + [0] * (4 - len(of_slates)),
            "bought": [product for _, product in story.purchases[:10]] + [-1] * (10 - len(story.purchases)),
            "bought_day": [day for day, _ in story.purchases[:10]] + [0] * (10 - len(story.purchases)),
        }

    def segment(self, story):
        """From frequency, recency and monetary value as `lifetimes` has them; without a rule, that of the log."""
        if not self.journey.segments or self.segmentation is None:
            return self.segment_in_log[story.customer]
        later = [day for day, _ in story.purchases if day > story.first_day]
        spend = len(later) * self.spend[story.customer] / self.pace.products
        frequency = len(set(later))
        measures = {
            "recency": max(later) - story.first_day if later else 0,
            "frequency": frequency,
            "monetary": spend / frequency if frequency else 0,
        }
        score = 0
        for measure, value in measures.items():
            centres = self.segmentation.centres[measure]
            distance = [abs(value - centre) for centre in centres]
            rank = distance.index(min(distance))
            score += len(centres) - 1 - rank if measure == "recency" else rank
        return SCORES.get(score, 3)
