from __future__ import annotations

import subprocess
import sys

from lab.testbed.plan import Plan


def test_every_stage_has_steps() -> None:
    assert all(steps > 0 for steps in vars(Plan()).values())


def test_a_process_of_a_stage_starts_without_the_models() -> None:
    code = "import sys, lab.testbed.workers; sys.exit(bool({'diffusers', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
