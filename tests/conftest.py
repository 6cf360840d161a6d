"""What all tests share."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest

from lab.site import Site

OPERATOR = Path(__file__).parent / "erasure_operator"
LONGEST = Path(__file__).parent / "test_shell_page.py"
TORCH_MODULE = re.compile(r"^pytestmark = .*pytest\.mark\.torch", re.MULTILINE)


def pytest_configure(config: pytest.Config) -> None:
    """Let nothing load torch in a run without tests that need it: it takes seconds, or is not installed."""
    if without_torch(config):
        sys.modules["torch"] = cast("ModuleType", None)  # an import of it fails


def without_torch(config: pytest.Config) -> bool:
    """Tell whether the marker expression leaves out all tests that need torch."""
    expression = config.getoption("markexpr") or ""
    return "not torch" in expression or expression == "cluster"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave torch modules unread where none of their tests would run."""
    if not without_torch(config) or collection_path.suffix != ".py":
        return None
    return bool(TORCH_MODULE.search(collection_path.read_text())) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the operator's own tests before the end-to-end tests install it: it would have to rest for each.

    The longest test comes first of all: begun last, it would run alone in the end.
    """
    items.sort(key=lambda item: (item.path != LONGEST, OPERATOR not in item.path.parents))


def pytest_sessionstart() -> None:
    """Begin as a process in the foreground does.

    No event loop yet: looptime asks before each test, and would leave one open. And Ctrl-C is heard: a shell
    has its background jobs ignore it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def site() -> Site:
    """Give the cluster that the cluster tests share: the lab, or the one that KUBECONFIG names."""
    # Imported here, so that tests without a cluster need nothing of the lab.
    from lab.opening import open_site

    return open_site()
