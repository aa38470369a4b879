"""Your own log
============

You make a shop from a table of sales, read the report on how the table was understood,
and ask whether recommending has anything to gain in this shop.
"""

# %%
# A table of sales
# ----------------
#
# The package comes with a small sample, ``sales.csv``. It has one row for each product
# of an order, as a till or a web shop would export it. To try your own file, write its
# path instead of ``datasets.SALES``.

import tempfile
import textwrap
from pathlib import Path

import gymnasium as gym
import matplotlib.pyplot as plt
import pandas as pd
from selflearn_agents.evaluation import compare
from selflearn_agents.evaluation.shop_check import shop_verdict
from selflearn_env import Shop, datasets

print(pd.read_csv(datasets.SALES, dtype="string").head(4).to_string(index=False))

# %%
# A shop
# ------
#
# One line makes a shop. The columns are found by their names.

shop = Shop.from_transactions(datasets.SALES)
print(shop.report)

# %%
# **Read the report.** It says which column was taken for what, and what became of each
# row:
#
# - *revenue* is the line to compare with your books. If it is far off, prices were
#   misread: totals were taken for unit prices, or the decimal mark is another one.
# - Orders without a customer cannot be used: nobody knows who comes back.
# - Postage and fees are left out, since they are no merchandise. If the guess is wrong,
#   ``exclude_products`` says which codes to leave out.
# - Half of the customers are the *history*, which agents may read. The others are
#   simulated, and agents meet them one visit at a time.
#
# The shop is kept in one file, and environments take it as an option. This one shows
# five products at a time.

folder = Path(tempfile.mkdtemp())
shop.save(folder / "shop.npz")
options = {"shop": folder / "shop.npz", "slate_size": 5, "render_mode": "ansi"}
env = gym.make("selflearn/Retail-v0", **options)
env.reset(seed=7)
env.step(env.unwrapped.simulator.optimal_slate(env.unwrapped.visits.state)[0])
print(env.render())

# %%
# An export from Europe
# ---------------------
#
# Many exports look different: semicolons between the cells, decimal commas, days before
# months, the total of a row instead of the price of one unit, the encoding Latin-1, and
# column names in another language. We write the same sales to such a file.

texts = {"customer_id": "string"}
sales = pd.read_csv(datasets.SALES, parse_dates=["date"], dtype=texts)
sales["Betrag"] = (sales["quantity"] * sales.pop("unit_price")).round(2)
sales.columns = ["Bon", "Datum", "Artikel", "Text", "Menge", "Kunde", "Betrag"]
export = folder / "export.csv"
european = {"sep": ";", "decimal": ",", "date_format": "%d.%m.%Y"}
sales.to_csv(export, index=False, encoding="latin-1", **european)
print("\n".join(export.read_text(encoding="latin-1").splitlines()[:3]))

# %%
# Separator, decimal comma and encoding are found. German names are not known, and the
# error says what to do:

try:
    Shop.from_transactions(export)
except ValueError as error:
    print(textwrap.fill(str(error).replace(f"{folder}/", ""), 84))

# %%
# So we name the columns. ``price_is="total"`` says that the amount is that of the whole
# row. Without it the revenue in the report would be more than twice as high, which is
# how you would notice.

columns = {
    "invoice": "Bon",
    "time": "Datum",
    "product": "Artikel",
    "description": "Text",
    "quantity": "Menge",
    "customer": "Kunde",
    "price": "Betrag",
}
same = Shop.from_transactions(export, columns=columns, price_is="total")
for subject in ("separator", "encoding", "decimal", "price", "revenue"):
    print(f"{subject}: {same.report.understood[subject]}")

# %%
# Is there anything to gain?
# --------------------------
#
# Before you compare agents, ask what your log can tell. ``shop_verdict`` answers in
# four sentences. (The command ``selflearn check shop.npz --out check`` gives the same,
# and a page of evidence.)

for line in shop_verdict(shop, slate_size=5).splitlines():
    print(textwrap.fill(line, 84))

# %%
# The sample is small and invented, so the intervals are wide. Still, it says that
# knowing the customer is worth much more here than knowing the date. The :doc:`fourth
# tutorial <4_customers_who_come_back>` uses that.
#
# Let agents learn in it
# ----------------------

options = {"batch": 10, "progress": False, "shop": shop, "slate_size": 5}
agents = ["random", "bestsellers", "popular", "hierarchical"]
comparison = compare(agents, "selflearn/Retail-v0", 3_000, 1, **options)
print(comparison)

# %%
# The gap is the share of the way from random slates to the best ones. ``bestsellers``
# is one list for everybody, ``popular`` has one for each state, and ``hierarchical``
# learns from what customers do.

figure, axes = plt.subplots(figsize=(6, 2.5), layout="constrained")
axes.barh(agents, comparison.table()["gap"], color="#0072b2")
axes.set(
    xlabel="gap: 0 random, 1 best", title="Lists by state are better than one list"
)
plt.show()
