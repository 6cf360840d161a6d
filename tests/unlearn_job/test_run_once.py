"""A Job does no work twice: what one encoder drew of a prompt and a seed, and what the judge saw, is kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]

from diffusers import AutoencoderKL, DiffusionPipeline, StableDiffusionPipeline  # noqa: E402
from diffusers.pipelines.deprecated.text_to_video_synthesis.pipeline_text_to_video_synth import (  # noqa: E402
    TextToVideoSDPipeline,
)
from transformers import ResNetForImageClassification  # noqa: E402

from tests.unlearn_job import folders, tiny  # noqa: E402
from unlearn_job import aliases, discovery, localise, unlearn  # noqa: E402
from unlearn_job import run as job  # noqa: E402
from unlearn_job.attacks import gate  # noqa: E402
from unlearn_job.contract.budget import Budget  # noqa: E402
from unlearn_job.contract.concept import ConceptKind, KeptConcept  # noqa: E402
from unlearn_job.contract.document import JobInput, ParentRelease  # noqa: E402
from unlearn_job.contract.result import Outcome  # noqa: E402
from unlearn_job.encoder import tensor_digest  # noqa: E402
from unlearn_job.settings import JobSettings  # noqa: E402
from unlearn_job.shots import given_shots  # noqa: E402


@dataclass
class Work:
    """What a Job made its models do, each piece with how often.

    Attributes
    ----------
    drawn: pictures and clips, by pipeline, encoder, prompt and seed.
    judged: pixels that the judge looked at, together with what was drawn between: a look by its content.
    encoded: images that the VAE encoded.
    erasings: documents whose erasures were found, by encoder.

    """

    drawn: Counter[tuple[str, str, str, int]] = field(default_factory=Counter)
    judged: Counter[bytes] = field(default_factory=Counter)
    encoded: Counter[bytes] = field(default_factory=Counter)
    erasings: int = 0


def rows(pixels: torch.Tensor) -> list[bytes]:
    return [row.detach().cpu().float().numpy().tobytes() for row in pixels]


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """Watch the pipelines' own calls, the judge's and the VAE's."""
    found = Work()
    digests: dict[int, tuple[Any, str]] = {}

    def digest(encoder: Any) -> str:
        # Held beside its digest: a number may be another object's once this one is gone.
        if id(encoder) not in digests:
            digests[id(encoder)] = (encoder, tensor_digest(encoder))
        return digests[id(encoder)][1]

    def watch_pipeline(kind: type[DiffusionPipeline]) -> None:
        call: Any = kind.__call__

        def drawing(self: Any, *arguments: Any, **named: Any) -> Any:
            for prompt, generator in zip(named["prompt"], named["generator"], strict=True):
                of = (kind.__name__, digest(self.text_encoder), prompt, generator.initial_seed())
                found.drawn[of] += 1
            return call(self, *arguments, **named)

        monkeypatch.setattr(kind, "__call__", drawing)

    for kind in (StableDiffusionPipeline, TextToVideoSDPipeline):
        watch_pipeline(kind)
    look: Any = ResNetForImageClassification.forward
    encode: Any = AutoencoderKL.encode
    find: Any = discovery.erasings

    def looking(self: Any, pixel_values: torch.Tensor, **named: Any) -> Any:
        found.judged.update(rows(pixel_values))
        return look(self, pixel_values, **named)

    def encoding(self: Any, x: torch.Tensor, **named: Any) -> Any:
        found.encoded.update(rows(x))
        return encode(self, x, **named)

    def finding(*arguments: Any) -> Any:
        found.erasings += 1
        return find(*arguments)

    monkeypatch.setattr(ResNetForImageClassification, "forward", looking)
    monkeypatch.setattr(AutoencoderKL, "encode", encoding)
    for module in (aliases, discovery, job, localise, unlearn):
        monkeypatch.setattr(module, "erasings", finding)
    return found


ATTACKED = {
    "residual": {"max_percent": 100},
    "retention": {"min_percent": 0},
    "attack": {"max_percent": 100},
}
SKETCH = KeptConcept(name="pencil sketch", kind=ConceptKind.STYLE)
"""Of another kind than what goes: this judge sees the same in everything."""
WORDED = {**tiny.AMOUNT, "wordings": ("Compositional", "Implicit", "Translated"), "wording_images": 4}


def told(models: Path, uri: str, **more: Any) -> JobInput:
    """Return a document with everything in it that draws: wordings, neighbours, and attacks by default."""
    cat = tiny.CAT.model_copy(update={"descriptions": ("an animal that purrs",)})
    fields: dict[str, Any] = {"gates": ATTACKED, "probe": WORDED, **more}
    return folders.document(models, uri, tiny.erasure(cat, SKETCH), **fields)


def no_more_than_once(counted: Counter[Any]) -> None:
    assert counted, "nothing was watched"
    again = {what: times for what, times in counted.items() if times > 1}
    assert not again, f"{len(again)} of {len(counted)} came again, such as {next(iter(again.items()))!r:.300}"


def test_nothing_is_drawn_or_found_twice(
    tiny_models: Path, tmp_path: Path, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A search of many rounds meets no more caches than one of few.
    monkeypatch.setattr(gate, "Budget", partial(Budget, screened=200, rounds=1, judged=8))
    settings = JobSettings(cache_dir=tmp_path / "cache")
    result = job.run(told(tiny_models, f"file://{tmp_path / 'releases'}"), settings)
    assert result.outcome is Outcome.BUILT
    no_more_than_once(work.drawn)
    no_more_than_once(work.judged)
    # Of what was asked for, and of what was found beside it, which localising and unlearning share.
    assert work.erasings == 2
    assert {kind for kind, *_ in work.drawn} == {"StableDiffusionPipeline", "TextToVideoSDPipeline"}
    assert len({encoder for _, encoder, _, _ in work.drawn}) == 2


def test_shots_are_drawn_and_encoded_once(tiny_models: Path, tmp_path: Path, work: Work) -> None:
    document = told(
        tiny_models,
        f"file://{tmp_path / 'releases'}",
        method={"name": "few-shot", "parameters": {"shots": 2, "epochs": 3, "batch": 1}},
        gates={**ATTACKED, "attack": None},
    )
    assert given_shots(document, tiny.models(), tmp_path) == {}
    job.run(document, JobSettings(cache_dir=tmp_path / "cache"))
    no_more_than_once(work.drawn)
    no_more_than_once(work.encoded)
    assert len(work.encoded) == 2


def test_a_release_on_a_release_draws_no_more(tiny_models: Path, tmp_path: Path, work: Work) -> None:
    uri = f"file://{tmp_path / 'releases'}"
    settings = JobSettings(cache_dir=tmp_path / "cache")
    first = job.run(told(tiny_models, uri, gates={**ATTACKED, "attack": None}), settings)
    assert first.manifest_sha256 is not None
    work.drawn.clear()
    folders.save_judge(tmp_path / "judge", sees="pencil sketch")
    second = folders.document(
        tiny_models,
        uri,
        tiny.erasure(tiny.SKETCH),
        parent=ParentRelease(key=first.key, manifest_sha256=first.manifest_sha256),
        holds=(tiny.erasure(tiny.CAT),),
        judge={"type": "classifier", "source": f"file://{tmp_path / 'judge'}"},
        gates={**ATTACKED, "attack": None},
        probe=WORDED,
    )
    assert job.run(second, settings).outcome is Outcome.BUILT
    no_more_than_once(work.drawn)
