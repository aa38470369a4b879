"""Runs `pip install` and says how far it is: on a terminal in one line that moves, in a log in a line for each step.

    python .ci/install.py PIP install ...

All that pip has to say is shown where it fails. Where this is asked to end, pip and all that it has begun end with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from threading import Thread

EVERY = 0.5  # seconds between two looks


class Install:
    """A running `pip install`, read by a thread."""

    def __init__(self, command: list[str]):
        self.started = time.time()
        self.said: list[str] = []
        self.collected = 0  # packages that pip has looked at
        self.names: list[str] = []  # of the packages to be installed, once it is known
        command = [*command, "--disable-pip-version-check", "--progress-bar", "off", "--no-color"]
        self.pip = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # so that it can be ended with all that it begins
        )
        self.reader = Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.pip.stdout
        for line in self.pip.stdout:
            self.said.append(line)
            self.collected += line.startswith("Collecting ")
            if line.startswith("Installing collected packages: "):
                self.names = line.partition(": ")[2].split(", ")

    def step(self) -> str:
        """What pip is at."""
        return f"installing {len(self.names)} packages" if self.names else "downloading packages"

    def line(self) -> str:
        """The step, how far it is, and how long all has taken."""
        if self.names:
            folder = Path(sysconfig.get_paths()["purelib"])
            there = sum(path.stat().st_mtime >= self.started for path in folder.glob("*.dist-info"))
            far = f"{min(there, len(self.names))} done"
        else:
            far = f"{self.collected} so far"
        return f"{self.step()}: {far}, {self.seconds()}"

    def seconds(self) -> str:
        """How long it has taken."""
        return f"{time.time() - self.started:.0f} s"

    def end(self) -> None:
        """Ends pip and what it has begun, where they are not through."""
        if self.pip.poll() is None:
            os.killpg(self.pip.pid, signal.SIGTERM)
            self.pip.wait()


def stop(number: int, _: object) -> None:
    """Ends this process in good order."""
    sys.exit(128 + number)


def main(command: list[str]) -> int:
    """Runs it; returns pip's exit code."""
    for each in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
    install = Install(command)
    try:
        return shown(install)
    finally:
        install.end()


def shown(install: Install) -> int:
    """Shows how far it is until it ends; returns its exit code."""
    told = ""
    while install.reader.is_alive():
        if sys.stderr.isatty():
            print(f"\r\x1b[K{install.line()}", end="", file=sys.stderr, flush=True)
        elif install.step() != told:
            told = install.step()
            print(f"{told} ({install.seconds()})", file=sys.stderr, flush=True)
        install.reader.join(EVERY)
    code = install.pip.wait()
    begin = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{begin}{'installed' if code == 0 else 'pip failed'}, {install.seconds()}", file=sys.stderr)
    if code:
        print("".join(install.said), end="", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
