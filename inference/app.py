"""The HTTP interface."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated

import structlog
from fastapi import FastAPI, HTTPException, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from inference.metrics import Metrics
from inference.service import ClipRequest, Service
from inference.settings import ServerSettings
from inference.turns import BusyError, Turns
from inference.video import VideoFormat, encode
from unlearn_job.contract.manifest import ManifestErasure

log = structlog.get_logger()


class GenerateRequest(BaseModel):
    """Body of POST /generate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: Annotated[str, Field(min_length=1, max_length=1000)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    frames: Annotated[int, Field(ge=1, le=256)] = 16
    steps: Annotated[int, Field(ge=1, le=200)] = 25
    guidance: Annotated[float, Field(ge=0, le=30, allow_inf_nan=False)] = 7.5
    format: VideoFormat = VideoFormat.MP4


class EncoderAnswer(BaseModel):
    """Body of GET /encoder: what is served."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    release: str | None
    """Release key; None for the base encoder."""
    encoder_sha256: str
    """Digest over the tensors of the encoder that is served."""
    base_sha256: str
    """The same over the base encoder that it was made from."""
    erasures: tuple[ManifestErasure, ...]


def make_app(service: Service, settings: ServerSettings) -> FastAPI:
    """Build the application around a loaded pipeline."""
    turns = Turns(settings.max_waiting)
    erasures = service.manifest.erasures if service.manifest else ()
    metrics = Metrics(present=lambda: turns.present, waiting=lambda: turns.waiting, erasures=len(erasures))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        turns.close()

    app = FastAPI(title="t2v-server", lifespan=lifespan, docs_url=None, redoc_url=None)

    @app.post("/generate", response_class=Response)
    async def generate(body: GenerateRequest) -> Response:
        """Draw a clip of a prompt."""
        _check_limits(body, settings)
        try:
            content = await turns.take(_work(service, settings, metrics, body))
        except BusyError as exc:
            metrics.requests.labels("busy").inc()
            raise HTTPException(503, str(exc), headers={"Retry-After": str(exc.retry_after_seconds)}) from exc
        except Exception:
            metrics.requests.labels("failed").inc()
            log.exception("generation failed", frames=body.frames, steps=body.steps)
            raise
        metrics.requests.labels("generated").inc()
        return Response(content, media_type=body.format.media_type)

    @app.get("/encoder")
    async def encoder() -> EncoderAnswer:
        """Say which encoder is served."""
        manifest = service.manifest
        return EncoderAnswer(
            release=manifest.key if manifest else None,
            encoder_sha256=service.encoder_sha256,
            base_sha256=manifest.base_sha256 if manifest else service.encoder_sha256,
            erasures=erasures,
        )

    @app.get("/healthz", response_class=Response)
    @app.get("/readyz", response_class=Response)
    async def healthy() -> Response:
        """Answer at all: the pipeline is loaded before the port is opened."""
        return Response("ok\n", media_type="text/plain")

    @app.get("/metrics", response_class=Response)
    async def read_metrics() -> Response:
        """Metrics for Prometheus."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return app


def _work(
    service: Service, settings: ServerSettings, metrics: Metrics, body: GenerateRequest
) -> Callable[[], bytes]:
    def work() -> bytes:
        with metrics.seconds.time():
            frames = service.generate(
                ClipRequest(body.prompt, body.seed, body.frames, body.steps, body.guidance)
            )
        return encode(frames, body.format, settings.frames_per_second)

    return work


def _check_limits(body: GenerateRequest, settings: ServerSettings) -> None:
    for name, asked, limit in (
        ("frames", body.frames, settings.max_frames),
        ("steps", body.steps, settings.max_steps),
    ):
        if asked > limit:
            raise HTTPException(422, f"{name} is {asked}, and this server allows at most {limit}")
