"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave torch modules unread when the marker expression excludes them: importing torch takes seconds."""
    if "not torch" not in (config.getoption("markexpr") or "") or collection_path.suffix != ".py":
        return None
    return "pytestmark = pytest.mark.torch" in collection_path.read_text() or None
