"""Servers that speak the protocol of MongoDB and that pip installs, started once for all tests."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

SERVERS = {  # name -> the module that pip has installed, and its command line
    "secantusdb": (
        "secantus",
        [
            "-m",
            "secantus",
            "--port",
            "{port}",
            "--storage-path",
            "base",
            "--log-level",
            "ERROR",
            "--enable-test-commands",
        ],
    ),
    "nx-27017": (
        "nx_27017",
        ["-c", "from nx_27017.nx_27017 import main; main()", "-p", "{port}", "--data-dir", "base"],
    ),
}


class Server:
    """A server in a process of its own, with databases in a folder that goes with it."""

    def __init__(self, name: str):
        module, arguments = SERVERS[name]
        for needed in ("pymongo", module):
            if importlib.util.find_spec(needed) is None:
                pytest.skip(f"NOT TESTED on {name}: {needed} is not installed")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._folder = tempfile.TemporaryDirectory()
        (Path(self._folder.name) / "base").mkdir()
        with (Path(self._folder.name) / "said").open("wb") as said:
            line = [sys.executable, *(argument.format(port=self.port) for argument in arguments)]
            self._process = subprocess.Popen(line, cwd=self._folder.name, stdout=said, stderr=said)
        self._databases = 0

    def url(self) -> str:
        """A database that nobody has used."""
        self._databases += 1
        return f"mongodb://127.0.0.1:{self.port}/test{self._databases}"

    def wait(self) -> None:
        """Until it answers."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self._process.poll() is None, (Path(self._folder.name) / "said").read_text()
                time.sleep(0.02)
        raise TimeoutError("the server does not answer")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()
