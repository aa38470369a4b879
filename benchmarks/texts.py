"""Holds the figures of the texts against the results that they come from: `make texts` writes them anew.

A figure in a text is followed by an invisible comment that names its source, under benchmarks/results/:

    closes 0.884<!-- people/tables.md : personal : gap --> of the gap      file : row : column of a Markdown table
    0.31<!-- check/figures.json : ranking.retail -->                       file : dotted name
    0.543<!-- given: the article, part V -->                               no result: where it comes from, in words

and a table stands between two comments, the second `<!-- end -->`:

    <!-- table: people/tables.md#Ranking; columns: agent, gap; rows: personal, again -->

`#Ranking` is the heading above the table, where a file has several; where names have commas, ` | ` stands between them.
A figure has its own number of decimals; the result is rounded to them.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from selflearn_agents.commands.output import write_text

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
NUMBER = r"(?:(?<!\w)[-−])?\d[\d,]*(?:\.\d+)?"  # in "10-20", the second is 20
POWER = r"(?:[eE][-+]?\d+)?"  # of ten, in results
FIGURE = re.compile(rf"(?P<figure>{NUMBER})(?P<unit> ?%)?<!-- (?P<source>(?!given:|table:|end)[^>]+?) -->")
TABLE = re.compile(r"<!-- table: (?P<source>[^>]+?) -->\n\n?(?P<body>.*?)\n?<!-- end -->", re.DOTALL)
MARK = re.compile(r"(?<![\d%])(?<!\d %)<!-- (?:given: [^>]*|[^>:]+ : [^>]+?) -->")  # of no figure
UNMARKED = re.compile(rf"(?<![\w.`])(?<![A-Za-z]-)(?:\d[\d,]*\.\d+(?!\.?\d)|{NUMBER} ?%)(?!\s?%|<!--)")
NO_PROSE = (
    r"^```.*?^```[^\n]*$",
    r"^(?:    |\t)[^\n]*$",
    r"`[^`\n]*`",
    r"(?:Python|CC BY) \d\.\d+",
    r"\b10\.\d{4,}/\S+",  # a DOI
    r"\]\([^)]*\)",
    r"<!-- table.*?<!-- end -->",
)


class UnknownSourceError(LookupError):
    """A source that is not among the results."""


def texts() -> list[Path]:
    """The README and the pages of the documentation."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def refilled(text: str) -> str:
    """The text with the figures and tables that the results have now.

    Raises:
        UnknownSourceError: a source is not among the results.
    """
    text = FIGURE.sub(lambda found: f"{figure(found)}{found['unit'] or ''}<!-- {found['source']} -->", text)
    return TABLE.sub(
        lambda found: f"<!-- table: {found['source']} -->\n\n{excerpt(found['source'])}\n<!-- end -->", text
    )


def unmarked(text: str) -> list[str]:
    """The decimal numbers and percentages of the prose that name no source, and the sources behind no figure."""
    alone = [f"line {text[: found.start()].count(chr(10)) + 1}: {found[0]}" for found in MARK.finditer(text)]
    for pattern in NO_PROSE:
        text = re.sub(pattern, lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL | re.MULTILINE)
    lines = text.splitlines()
    return alone + [f"line {at + 1}: {found[0]}" for at, line in enumerate(lines) for found in UNMARKED.finditer(line)]


def figure(found: re.Match[str]) -> str:
    """The figure as the results have it now, with the decimals of the text."""
    value = looked_up(found["source"])
    decimals = len(found["figure"].partition(".")[2])
    percent = 100 if found["unit"] and found["source"].split(" : ")[0].endswith(".json") else 1
    return f"{round(value * percent, decimals) + 0.0:,.{decimals}f}"


def looked_up(source: str) -> float:
    """The number that a source names.

    Raises:
        UnknownSourceError: there is none.
    """
    place, *keys = source.split(" : ")
    if len(keys) != (1 if place.endswith(".json") else 2):
        raise UnknownSourceError(f"{source}: not `file.json : name` or `file.md : row : column`")
    if place.endswith(".json"):
        value = named(place, *keys)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UnknownSourceError(f"{source}: no number, but {value!r}")
        return float(value)
    row, column = keys
    for head, rows in tables(place):
        if column in head:
            for cells in rows:
                if plain(cells[0]) == row:
                    number = re.search(NUMBER + POWER, cells[head.index(column)])
                    if number is None:
                        break
                    return float(number[0].replace(",", "").replace("−", "-"))
    raise UnknownSourceError(f"{source}: no such row and column with a number")


def named(place: str, name: str) -> Any:
    """The value of a dotted name in a JSON file, whose names may have dots themselves."""
    content = json.loads(read(place))
    if name in content:
        return content[name]
    for part in name.split("."):
        if not isinstance(content, dict) or part not in content:
            raise UnknownSourceError(f"{place} : {name}: no such name")
        content = content[part]
    return content


def excerpt(source: str) -> str:
    """The table that a source names, with the columns and the rows that it asks for."""
    place, *others = source.split("; ")
    parts = [each.partition(": ") for each in others]
    asked = {kind: names.split(" | " if " | " in names else ", ") for kind, _, names in parts}
    head, rows = next(tables(place))
    columns = asked.get("columns", head)
    if missing := set(columns) - set(head):
        raise UnknownSourceError(f"{place}: no column {sorted(missing)}; there are {head}")
    if "rows" in asked:
        by_name = {plain(cells[0]): cells for cells in rows}
        if missing := set(asked["rows"]) - set(by_name):
            raise UnknownSourceError(f"{place}: no row {sorted(missing)}; there are {sorted(by_name)}")
        rows = [by_name[name] for name in asked["rows"]]
    at = [head.index(column) for column in columns]
    lines = [columns, ["---"] + ["--:"] * (len(at) - 1), *([cells[each] for each in at] for cells in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def tables(place: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    """The tables of a Markdown file, or of the part under a heading: names of the columns, and rows.

    Raises:
        UnknownSourceError: there is no such file, heading or table.
    """
    file, _, heading = place.partition("#")
    lines, under, block, any_found = read(file).splitlines(), not heading, [], False
    for line in [*lines, ""]:
        if line.startswith("#") and heading:
            under = line.lstrip("# ") == heading
        if line.startswith("|") and under:
            block.append(
                [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))]
            )
        elif block:
            any_found = True
            yield block[0], block[2:]
            block = []
    if not any_found:
        raise UnknownSourceError(f"{place}: no table")


def plain(cell: str) -> str:
    """A cell without marks of Markdown."""
    return cell.replace("`", "").replace("*", "").replace("\\|", "|")


def read(file: str) -> str:
    """A file of the results."""
    path = RESULTS / file
    if not path.is_file():
        raise UnknownSourceError(f"{path.relative_to(ROOT)}: no such file; `make results` writes it")
    return path.read_text(encoding="utf-8")


def main() -> None:
    """Writes the texts anew, or says how they differ from the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a text differs")
    options, wrong = parser.parse_args(), []
    for path in texts():
        text = path.read_text(encoding="utf-8")
        try:
            now = refilled(text)
        except UnknownSourceError as error:
            wrong.append(f"{path.relative_to(ROOT)}: {error}")
            continue
        wrong += [f"{path.relative_to(ROOT)}, {each}: no figure with its source" for each in unmarked(text)]
        if now != text and options.check:
            wrong.append(f"{path.relative_to(ROOT)}: differs from the results; `make texts` writes it anew")
        elif now != text:
            write_text(path, now)
            print(f"{path.relative_to(ROOT)}: written anew")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
