"""Two processes of one thread each, either sharing every batch or at work on different stages."""

import multiprocessing
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from lab.testbed.stages import Plan

Stage = Callable[[Path, Plan], None]
COUNT: Final = min(2, os.cpu_count() or 1)


def run_shared(stage: Stage, folder: Path, plan: Plan) -> None:
    """Run a stage in all processes, which share its batches."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _run([(stage, rank, port) for rank in range(COUNT)], folder, plan)


def run_beside(stages: list[Stage], folder: Path, plan: Plan) -> None:
    """Run stages that do not need each other, each in a process of its own."""
    for start in range(0, len(stages), COUNT):
        _run([(stage, 0, None) for stage in stages[start : start + COUNT]], folder, plan)


def _run(work: list[tuple[Stage, int, int | None]], folder: Path, plan: Plan) -> None:
    # Read when torch loads, so before the processes start: waiting threads must not spin.
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_enter, args=(*part, folder, plan)) for part in work]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if failed := [process.exitcode for process in processes if process.exitcode]:
        raise RuntimeError(f"a training process ended with exit code {failed[0]}")


def _enter(stage: Stage, rank: int, port: int | None, folder: Path, plan: Plan) -> None:
    import torch  # noqa: PLC0415 - after the environment is set, in the new process
    from torch import distributed  # noqa: PLC0415

    torch.set_num_threads(1)
    if port is not None:
        address = f"tcp://127.0.0.1:{port}"
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=COUNT)
    stage(folder, plan)
    if port is not None:
        distributed.destroy_process_group()
