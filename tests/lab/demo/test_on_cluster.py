from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from lab.demo import on_cluster
from lab.site import Site

pytestmark = pytest.mark.cluster


def test_the_demo_ends_with_a_picture_and_a_table(site: Site, tmp_path: Path) -> None:
    screen = io.StringIO()
    on_cluster.run(site, Console(file=screen, width=200), tmp_path)
    with Image.open(tmp_path / "before-after.png") as picture:
        assert picture.width > picture.height
    for expected in ("captain comet", "of base", "unlearn", "kubectl get ce,t2v,er -n media"):
        assert expected in screen.getvalue()
