#!/usr/bin/env python3
"""Runs TVM Portal and its commands, from a bare Python 3.11 or newer.

python3 manage.py portal     everything: servers, database, web, worker, scheduler
python3 manage.py test       every test
python3 manage.py help       the other commands

This file is read by any Python, so that an old one can be told so in a sentence.
"""

import sys


def main() -> None:
    if sys.version_info < (3, 11):
        sys.exit(
            "TVM Portal needs Python 3.11 or newer; this is Python %d.%d. Run it with a newer one: python3.11 manage.py ..."
            % sys.version_info[:2]
        )
    from core import environment

    environment.enter(sys.argv)
    from tvm_portal import launch

    sys.exit(launch.main(sys.argv))


if __name__ == "__main__":
    main()
