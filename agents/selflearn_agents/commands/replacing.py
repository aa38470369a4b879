"""Which existing file the output of a command may replace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from selflearn_env.archive import check_target


def check_replaced(out: Path, source: Path | None, what: str, is_one: Callable[[Path], bool]) -> None:
    """Checks that a file can be written, and that it does not replace its own source or a file of another kind.

    Links and other spellings of the same path are followed.

    Args:
        out: the file to write.
        source: the file or folder that it is made from; None where that is no file.
        what: what it will be, such as "shop".
        is_one: says whether a file that is there already is of this kind; then it may be replaced.

    Raises:
        OSError: it cannot be written.
        ValueError: it would replace something else.
    """
    if source is not None and source.resolve() in (out.resolve(), *out.resolve().parents):
        raise ValueError(f"--out {out} would overwrite what is read, {source}; name another file")
    check_target(out)
    if out.exists() and source is not None and source.exists() and out.samefile(source):
        raise ValueError(f"--out {out} would overwrite what is read, {source}; name another file")
    if out.exists() and out.stat().st_size and not is_one(out):
        raise ValueError(f"--out {out} is there already and is no {what}; name another file, or remove it first")
