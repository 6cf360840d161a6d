"""The server's command line."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import structlog
from cyclopts import App
from pydantic import ValidationError

from inference.settings import ServerSettings
from unlearn_job.contract.document import Device
from unlearn_job.contract.errors import PermanentFailure, TemporaryFailure
from unlearn_job.contract.result import ExitCode
from unlearn_job.log import configure_logging

app = App(name="t2v-server", help="Generate videos from text, with the encoder of a release.")


@app.default
def serve(
    *,
    pipeline: str | None = None,
    text_encoder: Path | None = None,
    host: str | None = None,
    port: int | None = None,
    device: Device | None = None,
) -> int:
    """Serve a text-to-video pipeline until SIGTERM. Options win over environment variables.

    Parameters
    ----------
    pipeline
        Folder, file://, s3:// or hf://org/name@commit. Else PIPELINE_SOURCE.
    text_encoder
        Folder of the encoder to serve. Else TEXT_ENCODER_PATH, else the pipeline's own.
    host, port
        Where to listen. Else HOST and PORT, else 127.0.0.1:8000.
    device
        Auto, CPU or CUDA. Else DEVICE.

    Returns
    -------
    int
        0 after SIGTERM, 75 when the pipeline cannot be fetched now, 78 for a wrong configuration.

    """
    # Read when the libraries load: nothing is sent anywhere, and nothing but the pipeline is fetched.
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "1"
    configure_logging()
    log = structlog.get_logger()
    given: dict[str, Any] = {
        "pipeline": pipeline,
        "text_encoder_path": text_encoder,
        "host": host,
        "port": port,
        "device": device,
    }
    try:
        settings = ServerSettings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as exc:
        wrong = "; ".join(
            f"{error['loc'][0]}: {error['msg']}"
            for error in exc.errors(include_input=False, include_url=False)
        )
        log.error("configuration is wrong", error=wrong)
        return int(ExitCode.CONFIGURATION)
    from inference.server import run  # noqa: PLC0415  (torch loads here: --help answers at once)

    try:
        run(settings)
    except PermanentFailure as exc:
        log.error("cannot serve", reason=exc.reason, error=str(exc))
        return int(ExitCode.CONFIGURATION)
    except TemporaryFailure as exc:
        log.error("cannot serve now", reason=exc.reason, error=str(exc))
        return int(ExitCode.TEMPORARY)
    return 0


def main() -> None:
    """Entry point of `t2v-server`."""
    # By default a container's first process ignores it: a pod that is deleted while it loads its pipeline
    # would use up its grace period.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    sys.exit(app())


if __name__ == "__main__":
    main()
