"""Methods that unlearn: a folder each, which is its registration.

A folder `closed_form` holds `config.py` (class `Config`, free of torch, because the operator validates
and hashes with it) and `method.py` (functions `moves` and `erase`, as `task.Method` describes). Its name
in documents has hyphens: `closed-form`. Methods never import each other. Other distributions bring further
ones by entry points (`plugins`).
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.method import MethodConfig
from unlearn_job.methods.plugins import plugin_config, plugin_method, plugins

__all__ = ["UnknownMethodError", "config_of", "configs", "load"]


class UnknownMethodError(PermanentFailure):
    """The document names a method that this image does not have."""

    reason = "UnknownMethod"


def configs() -> dict[str, type[MethodConfig]]:
    """Return the parameters' class of every method, built-in ones first, by its name in documents.

    Raises
    ------
    BrokenPluginError
        An installed method cannot be used.

    """
    own = {name: import_module(f"{__name__}.{folder}.config").Config for name, folder in _folders().items()}
    return own | {name: plugin_config(entry) for name, entry in plugins(frozenset(own)).items()}


def config_of(name: str) -> type[MethodConfig]:
    """Return the parameters' class of a method by its name in documents.

    Raises
    ------
    UnknownMethodError
        There is no such method; the message lists all.
    BrokenPluginError
        An installed method cannot be used.

    """
    known = configs()
    if name not in known:
        raise UnknownMethodError(f"there is no method {name!r}; this image has {', '.join(known)}")
    return known[name]


def load(name: str) -> ModuleType:
    """Return the module of a method, which satisfies `unlearn_job.methods.task.Method`; torch loads here.

    Raises
    ------
    UnknownMethodError
        No folder and no entry point has this name.
    BrokenPluginError
        An installed method cannot be used.

    """
    folders = _folders()
    if name in folders:
        return import_module(f"{__name__}.{folders[name]}.method")
    installed = plugins(frozenset(folders))
    if name not in installed:
        known = ", ".join((*folders, *installed))
        raise UnknownMethodError(f"there is no method {name!r}; this image has {known}")
    return plugin_method(installed[name])


def _folders() -> dict[str, str]:
    """Return the folders of the built-in methods by the methods' names."""
    found = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
    return {folder.replace("_", "-"): folder for folder in found}
