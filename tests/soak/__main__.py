"""A portal of its own under load and faults; at the end nothing is lost, and every figure is that of a clean full run.

python -m tests.soak --minutes 30 --machines 500 [--rate 10] [--seed 1] [--write FILE] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.soak.course import Course, Plan


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    plan = Plan(
        seconds=60 * options.minutes,
        machines=options.machines,
        rate=options.rate,
        packages=options.packages,
        seed=options.seed,
        pause=options.pause,
    )
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tvm-soak-") as folder:
        outcome = Course(
            plan, options.keep or Path(folder), say=lambda text: print(f"{time.monotonic() - began:7.1f} s  {text}", flush=True)
        ).run()
    text = outcome.markdown(command=f"python -m tests.soak {' '.join(arguments)}")
    print(text)
    if options.write:
        options.write.write_text(text)
    return 0 if outcome.good else 1


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2, help="of load and faults; what follows takes a few more")
    parser.add_argument("--machines", type=int, default=200)
    parser.add_argument("--packages", type=int, default=100, help="installed on each machine")
    parser.add_argument("--rate", type=float, default=10, help="reports a second")
    parser.add_argument("--pause", type=float, default=12, help="seconds between two faults, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, help="a file for the account, in Markdown")
    parser.add_argument("--keep", type=Path, help="a data folder that stays, for its logs; must not exist")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
