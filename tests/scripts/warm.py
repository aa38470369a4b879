"""A process that has imported the libraries, and runs each command in a copy of itself, as lines of its stdin ask.

Nothing of this project is imported before: that, and all that a command does, is done anew for each. A line asks, as
JSON, for a "script" or "module", its "arguments", the folder, the variables, and files for stdout and stderr; the
answer is the exit code. The arguments name further libraries to import.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import sys
import threading
from importlib import import_module
from pathlib import Path

LIBRARIES = (
    *("duckdb", "gymnasium.vector.utils", "jinja2", "joblib", "kmeans1d", "matplotlib.backends.backend_agg"),
    *("matplotlib.backends.backend_svg", "numba", "pandas", "PIL.Image", "pyarrow.compute", "pyarrow.csv"),
    *("pyarrow.parquet", "scipy.cluster.vq", "scipy.optimize", "scipy.sparse.linalg", "scipy.stats"),
    *("tqdm",),
)


def become(asked: dict) -> None:
    """Makes of this process the one that is asked for, and runs it."""
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    for descriptor, (path, flags) in enumerate(
        [(os.devnull, os.O_RDONLY), (asked["stdout"], os.O_WRONLY), (asked["stderr"], os.O_WRONLY)]
    ):
        opened = os.open(path, flags)
        os.dup2(opened, descriptor)
        os.close(opened)
    if "script" in asked:
        sys.argv = [asked["script"], *asked["arguments"]]
        sys.path[0] = str(Path(asked["script"]).parent)
        runpy.run_path(asked["script"], run_name="__main__")
    else:
        sys.argv = [asked["module"], *asked["arguments"]]
        sys.path[0] = asked["cwd"]
        runpy.run_module(asked["module"], run_name="__main__", alter_sys=True)


def end(code: object) -> None:
    """Ends as Python does on `SystemExit`, but clears no memory away, which takes longer than most commands."""
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # ends the processes that run side by side
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def serve() -> dict | None:
    """In each copy, what it is asked for; None when nobody asks any more."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            return json.loads(line)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    return None


if __name__ == "__main__":
    for library in (*LIBRARIES, *sys.argv[1:]):
        import_module(library)
    gc.freeze()
    asked = serve()
    if asked:
        try:
            become(asked)
        except SystemExit as ended:
            end(ended.code)
