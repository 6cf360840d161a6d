"""The operator's command line."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import NoReturn

import structlog
from cyclopts import App
from pydantic import ValidationError

from erasure_operator.logs import configure_logging
from erasure_operator.settings import LogFormat, LogLevel, OperatorSettings
from unlearn_job.contract.result import ExitCode

app = App(name="concept-erasure-operator", help="Unlearn concepts from text-to-video services.")


@app.command
def run() -> int:
    """Run the operator until SIGTERM. It is configured by OPERATOR_* environment variables.

    Returns
    -------
    int
        0 after SIGTERM, 78 for a wrong configuration, 1 for a defect.
    """
    try:
        settings = OperatorSettings()
    except ValidationError as exc:
        configure_logging(LogLevel.INFO, LogFormat.JSON)
        # Without the values: an environment may hold anything.
        wrong = [
            f"OPERATOR_{'_'.join(str(part) for part in error['loc']).upper()}: {error['msg']}"
            for error in exc.errors(include_input=False, include_url=False)
        ]
        structlog.get_logger().error("configuration is wrong", errors=wrong)
        return int(ExitCode.CONFIGURATION)
    configure_logging(settings.log_level, settings.log_format)
    from erasure_operator.runtime import run_operator  # noqa: PLC0415  (takes a second: SIGTERM counts by now)

    try:
        asyncio.run(run_operator(settings))
    except Exception:  # noqa: BLE001  (logged with its traceback: the last line before the process ends)
        structlog.get_logger().exception("operator failed")
        return 1
    return 0


def main() -> NoReturn:
    """Entry point of `concept-erasure-operator`."""
    # By default a container's first process ignores it: a pod that is deleted while it starts would use up
    # its grace period.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    code = app(result_action="return_value")
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # Taking the interpreter down with the generated Kubernetes client in it costs seconds of a pod's grace
    # period, and all that matters has been closed.
    os._exit(int(code or 0))


if __name__ == "__main__":
    main()
