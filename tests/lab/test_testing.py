from __future__ import annotations

import io
import subprocess
import sys
import tempfile

import pytest
from rich.console import Console

from lab.testing import ON_CLUSTER, QUICK, Beside


def test_every_test_is_in_one_of_the_two_runs() -> None:
    assert (QUICK[1], ON_CLUSTER[1]) == ("not cluster", "cluster")


@pytest.mark.parametrize("code", [0, 3])
def test_a_run_beside_is_shown_whole_with_its_exit_code(code: int) -> None:
    screen = io.StringIO()
    program = f"import sys; print('[red] 1 passed'); sys.exit({code})"
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen([sys.executable, "-c", program], stdout=output, stderr=subprocess.STDOUT)
        assert Beside(process, output, Console(file=screen)).wait() == code
    assert "[red] 1 passed" in screen.getvalue()
