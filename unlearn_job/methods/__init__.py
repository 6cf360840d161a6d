"""Methods that unlearn: a folder each, which is its registration.

A folder `closed_form` holds `config.py` (class `Config`, free of torch, because the operator validates
and hashes with it) and `method.py` (functions `moves` and `erase`, as `task.Method` describes). Its name
in documents has hyphens: `closed-form`. Methods never import each other.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.method import MethodConfig

__all__ = ["UnknownMethodError", "configs", "load"]


class UnknownMethodError(PermanentFailure):
    """The document names a method that this image does not have."""

    reason = "UnknownMethod"


def configs() -> dict[str, type[MethodConfig]]:
    """Return the parameters' class of every method, by its name in documents."""
    found = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
    return {name.replace("_", "-"): import_module(f"{__name__}.{name}.config").Config for name in found}


def load(name: str) -> ModuleType:
    """Return the module of a method, which satisfies `unlearn_job.methods.task.Method`; torch loads here.

    Raises
    ------
    UnknownMethodError
        No folder has this name.

    """
    known = configs()
    if name not in known:
        raise UnknownMethodError(f"there is no method {name!r}; this image has {', '.join(known)}")
    return import_module(f"{__name__}.{name.replace('-', '_')}.method")
