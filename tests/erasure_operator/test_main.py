from __future__ import annotations

import json
import subprocess
import sys


def test_the_operator_never_loads_torch() -> None:
    code = (
        "import sys, erasure_operator.main, erasure_operator.fetch;"
        "print([name for name in ('torch', 'diffusers', 'transformers', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_wrong_configuration_is_78_and_named_without_its_values() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "erasure_operator.main", "run"],
        env={"OPERATOR_IMAGE": "operator:1", "OPERATOR_WORKERS": "s3cr3t"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 78
    line = json.loads(done.stderr)
    assert [error.partition(":")[0] for error in line["errors"]] == ["OPERATOR_JOB_IMAGE", "OPERATOR_WORKERS"]
    assert "s3cr3t" not in done.stderr


def test_sigterm_counts_before_anything_is_loaded() -> None:
    # Without a handler a container's first process ignores it; here it would end with -15.
    code = (
        "import signal, erasure_operator.main as command;"
        "command.app = lambda **_: signal.raise_signal(signal.SIGTERM);"
        "command.main()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
