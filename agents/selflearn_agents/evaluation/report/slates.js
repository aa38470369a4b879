"use strict";
{
  // See slates.py for what the data are: K states, n slots; numbers as they are shown, without the decimal point.
  const data = JSON.parse(document.getElementById("slates-data").textContent);
  const row = new Map(data.states.map((state, at) => [state, at]));
  const make = (name, text, parent, more = {}) => {
    const made = Object.assign(document.createElement(name), more);
    if (text !== null) made.textContent = text;
    parent.append(made);
    return made;
  };
  const percent = (thousandths) => (thousandths / 10).toFixed(1) + "%";

  // The labels of each tier that any state here has: nobody comes in the other months.
  let step = 1;
  const used = [...data.tiers].reverse().map((tier) => {
    const labels = new Set(data.states.map((state) => Math.floor(state / step) % tier.labels.length));
    step *= tier.labels.length;
    return labels;
  }).reverse();

  const choose = document.getElementById("choose");
  const selects = data.tiers.map((tier, at) => {
    const label = make("label", tier.name, choose);
    const select = make("select", null, label, { id: "tier-" + at });
    tier.labels.forEach((text, value) => make("option", text, select, { value, disabled: !used[at].has(value) }));
    select.addEventListener("change", show);
    return select;
  });

  function show() {
    const state = selects.reduce((sum, select, at) => sum * data.tiers[at].labels.length + Number(select.value), 0);
    const at = row.get(state);
    const words = document.getElementById("state");
    const cards = document.getElementById("cards");
    cards.replaceChildren();
    if (at === undefined) {
      words.textContent = data.missing;
      return;
    }
    words.textContent = "Of all visits, " + (data.share[at] / 100).toFixed(2) + "% are in this state. " + data.notes[at];
    const best = data.agents[0];
    const shared = new Set(best.slates.slice(at * data.size, (at + 1) * data.size));
    for (const agent of data.agents) card(agent, at, agent === best ? new Set() : shared, cards);
  }

  function card(agent, at, shared, cards) {
    const box = make("article", null, cards, { className: "card" });
    box.style.setProperty("--own", agent.colour);
    make("h3", agent.name, box);
    const gap = agent === data.agents[0] || agent.gap[at] === null ? "" : ", " + agent.gap[at] + "% of the gap";
    make("p", ("Expected reward " + (agent.value[at] / 100).toFixed(2) + gap).replaceAll("-", "−"), box);
    const table = make("table", null, box);
    const head = make("tr", null, make("thead", null, table));
    for (const text of ["product", "buys", "clicks"]) make("th", text, head, { scope: "col" });
    const body = make("tbody", null, table);
    for (let slot = at * data.size; slot < (at + 1) * data.size; slot += 1) {
      const line = make("tr", null, body);
      if (shared.has(agent.slates[slot])) line.className = "shared";
      make("th", data.names[agent.slates[slot]], line, { scope: "row" });
      make("td", percent(agent.buys[slot]), line);
      make("td", percent(agent.clicks[slot]), line);
    }
  }

  let rest = data.first;
  for (let at = selects.length - 1; at >= 0; at -= 1) {
    selects[at].value = rest % data.tiers[at].labels.length;
    rest = Math.floor(rest / data.tiers[at].labels.length);
  }
  show();
}
