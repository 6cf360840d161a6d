"""What all tests share."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path

import pytest

from lab.site import Site

OPERATOR = Path(__file__).parent / "erasure_operator"
LONGEST = Path(__file__).parent / "test_shell_page.py"
TORCH_MODULE = re.compile(r"^pytestmark = .*pytest\.mark\.torch", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave torch modules unread where the marker expression excludes them: importing torch takes seconds."""
    expression = config.getoption("markexpr") or ""
    if collection_path.suffix != ".py" or not ("not torch" in expression or expression == "cluster"):
        return None
    text = collection_path.read_text()
    wanted = "not torch" not in expression and "pytest.mark.cluster" in text
    return (not wanted and bool(TORCH_MODULE.search(text))) or None


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
