from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from unlearn_job.contract.errors import PermanentFailure, TemporaryFailure
from unlearn_job.contract.figures import ErasureFigures, Figures, RetentionFigures, Tally
from unlearn_job.contract.result import TERMINATION_MESSAGE_LIMIT, JobError, JobResult, Outcome
from unlearn_job.ending import (
    OutOfMemoryFailure,
    TerminatedFailure,
    UnusablePathError,
    exit_code_of,
    failure_of,
    fitting,
    job_error,
    leave_message,
    stopping_on_sigterm,
)
from unlearn_job.reading import DocumentError

TALLY = Tally(hits=1, samples=64)
KEPT = RetentionFigures(base=TALLY, erased=TALLY)


def figures(erasures: int) -> Figures:
    one = ErasureFigures(digest="d" * 64, base=TALLY, images=TALLY, clips=TALLY)
    return Figures(erasures=(one,) * erasures, preserved=KEPT, holdout=KEPT, neighbours=KEPT)


@given(
    erasures=st.none() | st.integers(0, 60),
    not_present=st.integers(0, 256),
    # Four bytes in UTF-8, or six as an escape: the limit counts bytes.
    message=st.text(max_size=1000) | st.just("\N{GRINNING FACE}" * 1000) | st.just("\x01" * 1000),
)
def test_every_result_fits_and_keeps_what_is_decided_on(
    erasures: int | None, not_present: int, message: str
) -> None:
    result = JobResult(
        key="a" * 64,
        outcome=Outcome.NOT_PRESENT if not_present else Outcome.BUILT,
        manifest_sha256="b" * 64,
        base_sha256="c" * 64,
        encoder_sha256="e" * 64,
        figures=None if erasures is None else figures(erasures),
        not_present=("f" * 64,) * not_present,
        seconds={"load": 1, "probe": 2},
        message=message,
    )
    text = fitting(result)
    assert len(text.encode()) <= TERMINATION_MESSAGE_LIMIT
    read = JobResult.from_json(text)
    assert (read.key, read.outcome, read.manifest_sha256) == (
        result.key,
        result.outcome,
        result.manifest_sha256,
    )
    assert bool(read.not_present) == bool(not_present)


def test_figures_stay_where_they_fit() -> None:
    result = JobResult(key="a" * 64, outcome=Outcome.BUILT, figures=figures(3), message="x" * 1000)
    assert JobResult.from_json(fitting(result)) == result


def test_figures_go_before_the_sentence() -> None:
    result = JobResult(key="a" * 64, outcome=Outcome.BUILT, figures=figures(50), message="x" * 1000)
    assert JobResult.from_json(fitting(result)) == result.model_copy(update={"figures": None})


def test_a_failure_of_any_length_fits() -> None:
    class LongFailure(PermanentFailure):
        reason = "R" * 80

    message = job_error(LongFailure("\N{GRINNING FACE}" * 5000))
    assert len(fitting(message).encode()) <= TERMINATION_MESSAGE_LIMIT
    assert JobError.from_json(fitting(message)).reason == "R" * 64


def test_failures_have_the_codes_of_the_contract() -> None:
    assert exit_code_of(PermanentFailure("x")) == 78
    assert exit_code_of(TemporaryFailure("x")) == 75


def test_what_nobody_foresaw_is_no_failure() -> None:
    assert failure_of(ZeroDivisionError()) is None
    failure = PermanentFailure("x")
    assert failure_of(failure) is failure
    assert isinstance(failure_of(MemoryError()), OutOfMemoryFailure)
    cpu = RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")
    assert isinstance(failure_of(cpu), OutOfMemoryFailure)


def test_a_validation_error_is_a_document_error() -> None:
    class Model(BaseModel):
        steps: int

    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"steps": "many"})
    failure = failure_of(caught.value)
    assert isinstance(failure, DocumentError)
    assert str(failure).startswith("steps: Input should be a valid integer")


@pytest.mark.torch
def test_a_gpu_without_memory_is_temporary() -> None:
    import torch

    assert isinstance(failure_of(torch.cuda.OutOfMemoryError("CUDA out of memory")), OutOfMemoryFailure)


def test_sigterm_becomes_a_temporary_failure_and_cleans_up() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[str] = []

    def terminated() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.sigtimedwait([], 5)
        except Exception:  # noqa: BLE001 (a library that swallows everything)
            seen.append("swallowed")
        finally:
            seen.append("cleaned up")

    with pytest.raises(TerminatedFailure), stopping_on_sigterm():
        terminated()
    assert seen == ["cleaned up"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_message_goes_where_kubernetes_reads_it(tmp_path: Path) -> None:
    leave_message("{}", tmp_path / "log")
    assert (tmp_path / "log").read_text() == "{}"


@pytest.mark.parametrize("path", ["/dev/there-is-no-termination-log", "/proc/nowhere/log", "/"])
def test_a_place_that_cannot_be_written_is_no_reason_to_fail(path: str) -> None:
    leave_message("{}", Path(path))
    assert not Path("/dev/there-is-no-termination-log").exists()


@pytest.mark.parametrize("path", ["/proc/nowhere", "/proc", "/dev/null/x"])
def test_a_path_that_cannot_be_used_is_for_somebody_to_change(path: str) -> None:
    with pytest.raises(OSError, match=path) as caught:
        Path(path).write_bytes(b"")
    failure = failure_of(caught.value)
    assert isinstance(failure, UnusablePathError)
    assert str(failure).startswith(f"cannot use {path}: ")


def test_other_errors_of_the_system_are_not_foreseen() -> None:
    assert failure_of(ConnectionResetError(104, "reset")) is None
    assert failure_of(FileNotFoundError("no file in sight")) is None
