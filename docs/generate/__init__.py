"""The pages that are made from the code: environments, agents, commands, reference. docs/conf.py calls this."""

from __future__ import annotations

from pathlib import Path

from generate import agents, commands, environments, reference


def pages() -> dict[str, str]:
    """Every generated page: its path under docs/ -> its text."""
    parts = environments, agents, commands, reference
    return {name: text for part in parts for name, text in part.pages().items()}


def write_pages(docs: Path) -> None:
    """Writes the pages that have changed, so that Sphinx reads no others again, and removes those that are no more.

    Args:
        docs: the folder of the documentation.
    """
    made = pages()
    for folder, pattern in (("environments", "*-v*.md"), ("api", "*.rst")):
        for path in (docs / folder).glob(pattern):
            if path.relative_to(docs).as_posix() not in made:
                path.unlink()
    for name, text in made.items():
        path = docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
