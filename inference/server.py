"""Load, listen, and finish what was accepted."""

from __future__ import annotations

import signal
import time

import structlog
import transformers
import uvicorn
from diffusers.utils import logging as diffusers_logging

from inference.app import make_app
from inference.service import load_service
from inference.settings import ServerSettings

log = structlog.get_logger()


def run(settings: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT; requests that were accepted before are answered.

    The port opens when the pipeline is loaded: until then a probe is refused.

    Raises
    ------
    ErasureError
        The pipeline or the encoder cannot be served.

    """
    transformers.utils.logging.disable_progress_bar()
    diffusers_logging.disable_progress_bar()
    started = time.monotonic()
    service = load_service(settings)
    log.info(
        "pipeline loaded",
        pipeline=settings.pipeline,
        release=service.manifest.key if service.manifest else None,
        erasures=len(service.manifest.erasures) if service.manifest else 0,
        seconds=round(time.monotonic() - started, 1),
    )
    server = uvicorn.Server(
        uvicorn.Config(
            make_app(service, settings),
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=settings.drain_seconds,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops in order, then raises the signal again for whoever handled it before: that would end
        # the process with 143 after a clean stop.
        signal.signal(number, _already_stopped)
    server.run()
    log.info("server stopped")


def _already_stopped(_number: int, _frame: object) -> None:
    """Take a signal that was acted on."""
