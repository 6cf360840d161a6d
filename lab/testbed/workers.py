"""Two processes of one thread each, either sharing every batch or at work on different stages."""

import multiprocessing
import os
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from lab.testbed.plan import Plan

Stage = Callable[[Path, Plan], None]
COUNT: Final = min(2, os.cpu_count() or 1)


def run_shared(stage: Stage, folder: Path, plan: Plan) -> None:
    """Run a stage in all processes, which share its batches."""
    _prepare()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(COUNT, mp_context=context, max_tasks_per_child=1) as pool:
        for task in [pool.submit(_enter, stage, rank, port, folder, plan) for rank in range(COUNT)]:
            task.result()


def run_beside(stages: Sequence[Stage], folder: Path, plan: Plan) -> None:
    """Run stages that do not need each other, each in a process of its own, two at a time."""
    _prepare()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(COUNT, mp_context=context, max_tasks_per_child=1) as pool:
        tasks = [pool.submit(_enter, stage, 0, None, folder, plan) for stage in stages]
        for task in tasks:
            task.result()


def _prepare() -> None:
    # Read when torch loads, so before the processes start: waiting threads must not spin.
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"


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
