"""The HTTP interface: bounds, answers, and what it says of itself."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from inference.app import make_app
from inference.service import ClipRequest, Service, load_service
from inference.settings import ServerSettings
from tests.inference import releases
from unlearn_job.contract.document import Device

pytestmark = pytest.mark.torch

BODY = {"prompt": "a drawing of a cat", "seed": 1, "frames": 2, "steps": 2, "guidance": 2, "format": "webp"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> ServerSettings:
    return ServerSettings(
        pipeline=str(releases.save_pipeline(tmp_path_factory.mktemp("pipeline"))),
        text_encoder_path=releases.save_release(tmp_path_factory.mktemp("encoder")),
        device=Device.CPU,
        max_frames=8,
        max_steps=10,
        max_waiting=1,
    )


@pytest.fixture(scope="module")
def service(settings: ServerSettings) -> Service:
    return load_service(settings)


def connect(service: Service, settings: ServerSettings) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(make_app(service, settings))
    return httpx.AsyncClient(transport=transport, base_url="http://t2v")


@pytest.fixture
async def client(service: Service, settings: ServerSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with connect(service, settings) as made:
        yield made


async def test_a_clip_is_what_the_pipeline_draws(client: httpx.AsyncClient, service: Service) -> None:
    answer = await client.post("/generate", json=BODY)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/webp"
    with Image.open(io.BytesIO(answer.content)) as clip:
        assert clip.n_frames == 2
        first = np.asarray(clip.convert("RGB"))
    drawn = service.generate(ClipRequest("a drawing of a cat", seed=1, frames=2, steps=2, guidance=2.0))
    assert np.array_equal(first, drawn[0])


async def test_the_same_request_gives_the_same_bytes(client: httpx.AsyncClient) -> None:
    body = BODY | {"format": "mp4"}
    first, second = [await client.post("/generate", json=body) for _ in range(2)]
    assert first.headers["content-type"] == "video/mp4"
    assert first.content == second.content


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": ""},
        {"prompt": "x" * 1001},
        {"seed": -1},
        {"frames": 0},
        {"frames": 9},
        {"steps": 11},
        {"guidance": -1},
        {"format": "gif"},
        {"negative": "cat"},
    ],
    ids=str,
)
async def test_what_is_out_of_bounds_is_refused(client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    answer = await client.post("/generate", json=BODY | wrong)
    assert answer.status_code == 422
    assert answer.json()["detail"]


async def test_the_encoder_says_which_concepts_are_erased(
    client: httpx.AsyncClient, service: Service
) -> None:
    answer = (await client.get("/encoder")).json()
    assert answer["release"] == releases.KEY
    assert answer["encoderSha256"] == service.encoder_sha256
    assert answer["baseSha256"] != answer["encoderSha256"]
    assert [erasure["concept"] for erasure in answer["erasures"]] == ["captain comet"]


async def test_the_base_encoder_has_no_release_and_no_erasures(settings: ServerSettings) -> None:
    base = settings.model_copy(update={"text_encoder_path": None})
    async with connect(load_service(base), base) as client:
        answer = (await client.get("/encoder")).json()
    assert answer["release"] is None
    assert answer["erasures"] == []
    assert answer["baseSha256"] == answer["encoderSha256"]


class SlowService(Service):
    """Draws when the test says so."""

    go = threading.Event()

    def generate(self, request: ClipRequest) -> np.ndarray[Any, np.dtype[np.uint8]]:
        assert self.go.wait(60)
        return super().generate(request)


async def test_probes_answer_while_a_clip_is_drawn_and_one_too_many_is_sent_away(
    service: Service, settings: ServerSettings
) -> None:
    slow = SlowService(service.pipeline, service.encoder_sha256, service.manifest)
    async with connect(slow, settings) as client, asyncio.timeout(120):
        tasks = [asyncio.create_task(client.post("/generate", json=BODY)) for _ in range(2)]
        while "t2v_requests_waiting 1.0" not in (await client.get("/metrics")).text:  # noqa: ASYNC110
            await asyncio.sleep(0)
        for path in ("/healthz", "/readyz"):
            assert (await client.get(path)).status_code == 200
        refused = await client.post("/generate", json=BODY)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        slow.go.set()
        assert [(await task).status_code for task in tasks] == [200, 200]
        metrics = (await client.get("/metrics")).text
    assert 't2v_requests_total{outcome="busy"} 1.0' in metrics
    assert 't2v_requests_total{outcome="generated"} 2.0' in metrics
