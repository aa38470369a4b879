// Filters and sorts the table of the open benchmark. Without this script the whole table shows.
"use strict";

const FILTERS = ["environment", "log", "kind"];

function prepare(box) {
  const table = box.querySelector("table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const shown = document.createElement("span");
  shown.setAttribute("role", "status");

  const selects = FILTERS.map((name) => {
    const select = document.createElement("select");
    select.name = name;
    const values = [...new Set(rows.map((row) => row.dataset[name]))];
    for (const value of ["all", ...values]) select.add(new Option(value, value));
    const label = document.createElement("label");
    label.append(name, select);
    select.addEventListener("change", filter);
    return { name, select, label };
  });

  function filter() {
    for (const row of rows) {
      row.hidden = selects.some(({ name, select }) => select.value !== "all" && row.dataset[name] !== select.value);
    }
    shown.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
  }

  function sort(column, heading) {
    const down = heading.getAttribute("aria-sort") !== "descending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => {
      const text = row.cells[column].textContent.trim();
      const number = parseFloat(text.replace(/,/g, "").replace("< ", ""));
      return Number.isNaN(number) ? text : number;
    };
    const none = (each) => each === "" || each === "-";
    rows.sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      if (none(a) || none(b)) return none(a) - none(b); // those without a figure stay at the end
      const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
      return down ? -order : order;
    });
    body.append(...rows);
  }

  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent.trim();
    button.addEventListener("click", () => sort(column, heading));
    heading.replaceChildren(button);
  });

  const filters = document.createElement("div");
  filters.className = "filters";
  filters.append(...selects.map(({ label }) => label), shown);
  const scroll = document.createElement("div");
  scroll.className = "scroll";
  scroll.tabIndex = 0; // so that it scrolls by the keyboard
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "table of the benchmark");
  table.replaceWith(scroll);
  scroll.append(table);
  box.prepend(filters);
  filter();
}

document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".benchmark").forEach(prepare));
