"""Every check that reads the code without running it; all of them run, then the result is one exit code.

.venv/bin/python -m scripts.lint
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
DJANGO = "5.2"


def checks(templates: Sequence[str]) -> dict[str, list[str]]:
    """Name to command."""
    return {
        "ruff": [str(BIN / "ruff"), "check", "."],
        "ruff format": [str(BIN / "ruff"), "format", "--check", "."],
        "import-linter": [str(BIN / "lint-imports"), "--no-logo"],
        "mypy": [str(BIN / "mypy"), "."],
        "djlint": [str(BIN / "djlint"), "--lint", "--quiet", *templates],
        "djade": [str(BIN / "djade"), "--target-version", DJANGO, "--check", *templates],
    }


def template_files() -> list[str]:
    """Every template of the project, relative to its root."""
    folders = [ROOT / "templates", *(path for path in ROOT.glob("*/templates") if not path.parent.name.startswith("."))]
    return sorted(str(file.relative_to(ROOT)) for folder in folders for file in folder.rglob("*.html"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fix-templates", action="store_true", help="rewrite templates instead of checking anything")
    options = parser.parse_args()
    templates = template_files()
    if options.fix_templates:
        return subprocess.run([str(BIN / "djade"), "--target-version", DJANGO, *templates], cwd=ROOT, check=False).returncode
    failed = [name for name, command in checks(templates).items() if not _passes(name, command)]
    print(f"failed: {', '.join(failed)}" if failed else "all static checks pass")
    return 1 if failed else 0


def _passes(name: str, command: list[str]) -> bool:
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'} ({time.monotonic() - began:.1f} s)", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
