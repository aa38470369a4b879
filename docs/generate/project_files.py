"""The files at the root of the project that are pages, too, and links to what lies outside of the documentation."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md"}
LINK = re.compile(r"\[([^\]]*)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")


def pages() -> dict[str, str]:
    """The page of each of the files."""
    return {page: relinked((ROOT / file).read_text(encoding="utf-8"), ROOT) for file, page in FILES.items()}


def relinked(text: str, folder: Path) -> str:
    """A text in Markdown with links that lead to a page, or to a file that can be downloaded.

    Args:
        text: the text.
        folder: where its file lies; links start from there.
    """

    def link(match: re.Match[str]) -> str:
        name, target, place = match[1], (folder / match[2]).resolve(), match[3] or ""
        path = Path(target).relative_to(ROOT).as_posix() if target.is_relative_to(ROOT) else ""
        if path in FILES:
            return f"[{name}]({FILES[path]}{place})"
        if path.startswith("docs/"):
            return f"[{name}]({path.removeprefix('docs/')}{place})"
        return f"{{download}}`{name.replace('`', '')} <../{path}>`" if target.is_file() else match[0]

    return LINK.sub(link, text)
