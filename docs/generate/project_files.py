"""Links to what lies outside of the documentation, and files at the root of the project that are pages, too."""

from __future__ import annotations

import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md"}
INCLUDED = re.compile(r"^```\{include\} \.\./(\S+)\n```$", re.MULTILINE)
LINK = re.compile(r"\[([^\]]*)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")


def included(text: str) -> list[Path]:
    """The files at the root of the project that a page includes."""
    return [ROOT / file for file in INCLUDED.findall(text)]


def relinked(text: str, folder: Path) -> str:
    """A text in Markdown, with what it includes, whose links lead to a page, or to a file that can be downloaded.

    Args:
        text: the text.
        folder: where its file lies; links start from there.
    """

    def link(match: re.Match[str]) -> str:
        name, target, place = match[1], Path(os.path.normpath(folder / match[2])), match[3] or ""
        path = target.relative_to(ROOT).as_posix() if target.is_relative_to(ROOT) else ""
        if path in PAGES:
            return f"[{name}]({PAGES[path]}{place})"
        if path.startswith("docs/"):
            return f"[{name}]({path.removeprefix('docs/')}{place})"
        return f"{{download}}`{name.replace('`', '')} <../{path}>`" if target.is_file() else match[0]

    text = LINK.sub(link, text)
    return INCLUDED.sub(lambda match: relinked((ROOT / match[1]).read_text(encoding="utf-8"), ROOT), text)
