"""What the file that a command writes may take the place of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from selflearn_env.archive import check_target


def check_replaced(out: Path, source: Path | None, what: str, is_one: Callable[[Path], bool]) -> None:
    """Sees that a file can be written, that it is not what it is made from, and that nothing else is lost by it.

    Links and other spellings of a path are seen through.

    Args:
        out: the file to write.
        source: the file or folder that it is made from; None where that is no file.
        what: it will be, such as "shop".
        is_one: whether a file that is there is such a thing, too: then it is replaced.

    Raises:
        OSError: it cannot be written.
        ValueError: it would replace something else.
    """
    if source is not None and source.resolve() in (out.resolve(), *out.resolve().parents):
        raise ValueError(f"--out {out} would write into what is read, {source}; name another file")
    check_target(out)
    if out.exists() and source is not None and source.exists() and out.samefile(source):
        raise ValueError(f"--out {out} would replace what is read, {source}; name another file")
    if out.exists() and out.stat().st_size and not is_one(out):
        raise ValueError(f"--out {out} is there and is no {what}; name another file, or remove it")
