"""Damages every kind of file: `python -m tests.files.damage --bytes 100000 --content 5000` from a checkout.

Either the file is refused in one line, or what was read is equal to what was written; where the content was changed
and the checksums made anew, it may also be read, if it can then be used. With NUMBA_DISABLE_JIT=1 loops notice when
they leave an array, and take long; without, the process may die. The last case of each kind is in the folder.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

from selflearn_env import Shop
from tests.conftest import make_tiny_log
from tests.files.damaging import alter, damage
from tests.files.kinds import kinds

PATIENCE = 60  # seconds, after which a case hangs


def main() -> int:
    """Damages files, and says what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bytes", type=int, default=1_000, help="cases of damaged bytes of each kind")
    parser.add_argument("--content", type=int, default=100, help="cases of altered content of each kind")
    parser.add_argument("--kinds", nargs="*", help="those to damage; all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    failed = 0
    log = make_tiny_log()
    shop = Shop.from_transactions(log, segments={customer: "ABCD"[customer % 4] for customer in range(100, 140)})
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds(shop, Path(folder), tuple(options.kinds) if options.kinds else None):
            content = kind.path.read_bytes()
            expected = kind.content(kind.load(kind.path))
            found: Counter[str] = Counter()
            for case in range(options.bytes + options.content):
                faulthandler.dump_traceback_later(PATIENCE, exit=True)
                rng = np.random.default_rng([options.seed, case])
                is_bytes = case < options.bytes
                said = damage(kind, content, expected, rng) if is_bytes else alter(kind, content, rng)
                if said:
                    found[said] += 1
                    print(f"{kind.name} {case}: {said}"[:300], flush=True)
            faulthandler.cancel_dump_traceback_later()
            kind.path.write_bytes(content)
            failed += found.total()
            print(f"{kind.name}: {options.bytes} + {options.content} cases, {found.total()} failed", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
