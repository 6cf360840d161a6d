from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from unlearn_job.contract.errors import PermanentFailure, TemporaryFailure
from unlearn_job.contract.result import JobError
from unlearn_job.shell import ARITHMETIC, guarded, importing, prepare


def raising(error: BaseException) -> Callable[[], int]:
    def build() -> int:
        raise error

    return build


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PermanentFailure("change it"), 78),
        (TemporaryFailure("try again"), 75),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("a text that may hold anything"), 70),
    ],
)
def test_every_end_has_a_code_and_one_sentence(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(raising(error), output="text", debug=False, termination_log=None) == code
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "may hold anything" not in said


def test_kubernetes_is_told_too(tmp_path: Path) -> None:
    log = tmp_path / "message"
    guarded(raising(PermanentFailure("change it")), output="text", debug=False, termination_log=log)
    assert JobError.from_json(log.read_text()).message == "change it"


def test_the_collector_is_back_after_an_import() -> None:
    with importing():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_a_person_has_set_for_the_arithmetic_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ARITHMETIC:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    prepare()
    assert os.environ["MKL_CBWR"] == "COMPATIBLE"
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
