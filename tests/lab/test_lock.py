from __future__ import annotations

import io
import threading

from rich.console import Console

from lab.lock import locked
from lab.paths import Paths
from lab.progress import Progress


def test_the_second_waits_and_says_so(paths: Paths) -> None:
    log, order = io.StringIO(), []
    progress = Progress(Console(file=log))

    def second() -> None:
        with locked(paths, "lab", progress):
            order.append("second")

    thread = threading.Thread(target=second)
    with locked(paths, "lab", Progress(quiet=True)):
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert "Waiting" in log.getvalue()


def test_building_images_does_not_hold_up_repairs(paths: Paths) -> None:
    quiet = Progress(quiet=True)
    with locked(paths, "images", quiet), locked(paths, "lab", quiet):
        pass
