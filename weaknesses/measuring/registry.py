"""Every kind of truth set: each module of this folder that holds a SET. A new kind is a new module, nothing else."""

from __future__ import annotations

import importlib
import pkgutil

from weaknesses import measuring
from weaknesses.measuring.frame import TruthSet


def _found() -> dict[str, TruthSet]:
    modules = (importlib.import_module(f"{measuring.__name__}.{module.name}") for module in pkgutil.iter_modules(measuring.__path__))
    found = [module.SET for module in modules if hasattr(module, "SET")]
    return {truth.kind: truth for truth in sorted(found, key=lambda truth: truth.kind)}


SETS: dict[str, TruthSet] = _found()
