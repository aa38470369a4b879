"""Data frames and Arrow tables."""

from tests.shop.corpus.case import Case
from tests.shop.corpus.contents import ROWS, plain

CASES = [Case("as it is", lambda _: plain(), lines=ROWS, like="plain")]
