"""Methods that other distributions bring, found by their entry points.

A distribution that declares

    [project.entry-points."unlearn_job.methods"]
    my-method = "my_package"

has a method `my-method`, whose folder is the package `my_package`: with `config.py` and `method.py`, exactly
as a built-in one. Nothing of a package is imported before its method is asked for, except its `config.py`
by `configs()`, which the operator does too: it must be free of torch.
"""

from __future__ import annotations

import re
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Final

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.method import MethodConfig

GROUP: Final = "unlearn_job.methods"
"""Group of the entry points."""
NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
"""What a method's name in a document may be."""


class BrokenPluginError(PermanentFailure):
    """An installed method cannot be used: its distribution must be fixed or removed."""

    reason = "BrokenMethod"


def plugins(taken: frozenset[str] = frozenset()) -> dict[str, EntryPoint]:
    """Return the entry points of the installed methods, by name.

    Parameters
    ----------
    taken
        Names of built-in methods, which nothing may replace: a release key would then mean two encoders.

    Raises
    ------
    BrokenPluginError
        A name is no name, is taken, or is declared by two distributions.

    """
    found: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda e: (e.name, _origin(e))):
        if not NAME.fullmatch(entry.name):
            raise BrokenPluginError(f"{_origin(entry)} declares a method {entry.name!r}, which is no name")
        if entry.name in taken:
            raise BrokenPluginError(f"{_origin(entry)} declares a method {entry.name!r}, which is built in")
        if entry.name in found and (_origin(entry), entry.value) != (
            _origin(found[entry.name]),
            found[entry.name].value,
        ):
            raise BrokenPluginError(
                f"{_origin(found[entry.name])} and {_origin(entry)} both declare a method {entry.name!r}"
            )
        found[entry.name] = entry
    return found


def plugin_config(entry: EntryPoint) -> type[MethodConfig]:
    """Return the parameters' class of an installed method.

    Raises
    ------
    BrokenPluginError
        The package has no `config.py` with a `Config` that derives from `MethodConfig`.

    """
    config = getattr(_module(entry, "config"), "Config", None)
    if not (isinstance(config, type) and issubclass(config, MethodConfig)):
        raise BrokenPluginError(f"{entry.value}.config of {_origin(entry)} has no Config(MethodConfig)")
    return config


def plugin_method(entry: EntryPoint) -> ModuleType:
    """Return the module `method` of an installed method; torch loads here.

    Raises
    ------
    BrokenPluginError
        The package has no `method.py` with `moves` and `erase`.

    """
    module = _module(entry, "method")
    lacking = [name for name in ("moves", "erase") if not callable(getattr(module, name, None))]
    if lacking:
        raise BrokenPluginError(f"{entry.value}.method of {_origin(entry)} lacks {' and '.join(lacking)}")
    return module


def _module(entry: EntryPoint, name: str) -> ModuleType:
    try:
        return import_module(f"{entry.value}.{name}")
    except (ImportError, SyntaxError) as exc:
        raise BrokenPluginError(
            f"{entry.value}.{name} of {_origin(entry)} cannot be imported: {exc}"
        ) from exc


def _origin(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "a distribution without a name"
