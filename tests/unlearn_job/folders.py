"""Untrained models on disk, as a user's sources are, and documents that name them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from transformers import ConvNextImageProcessorPil, ResNetConfig, ResNetForImageClassification

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import Erasure
from unlearn_job.contract.document import JobInput, ParentRelease
from unlearn_job.contract.key import release_key
from unlearn_job.contract.sources import BaseModels, Judge, JudgeType, Storage

CONCEPTS = ("cat", "fish", "captain comet", "pencil sketch")


def save_models(folder: Path) -> Path:
    """Write `t2i`, `t2v` and `judge`; the judge sees a cat in everything."""
    models = tiny.models()
    assert models.surrogate is not None
    models.surrogate.save_pretrained(folder / "t2i")
    models.pipeline.save_pretrained(folder / "t2v")
    save_judge(folder / "judge", sees="cat")
    return folder


def save_judge(folder: Path, *, sees: str) -> None:
    torch.manual_seed(2)
    config = ResNetConfig(
        embedding_size=8,
        hidden_sizes=[8],
        depths=[1],
        num_labels=len(CONCEPTS),
        id2label=dict(enumerate(CONCEPTS)),
        label2id={name: row for row, name in enumerate(CONCEPTS)},
    )
    judge = ResNetForImageClassification(config)
    with torch.no_grad():
        head = judge.classifier[-1]
        head.weight.zero_()
        head.bias.copy_(torch.tensor([10.0 if name == sees else 0.0 for name in CONCEPTS]))
    judge.save_pretrained(folder)
    ConvNextImageProcessorPil(size={"shortest_edge": 16}, crop_pct=1.0).save_pretrained(folder)


def document(models: Path, uri: str, /, *adds: Erasure, **more: Any) -> JobInput:
    """Name the models of `save_models`; one cat by default, and gates that everything holds."""
    adds = adds or (tiny.erasure(tiny.CAT),)
    parent: ParentRelease | None = more.get("parent")
    fields: dict[str, Any] = {
        **tiny.document(*adds).model_dump(),
        "key": release_key(parent=parent.key if parent else None, adds=[add.digest for add in adds]),
        "base": BaseModels(surrogate=f"file://{models / 't2i'}", pipeline=f"file://{models / 't2v'}"),
        "judge": Judge(type=JudgeType.CLASSIFIER, source=f"file://{models / 'judge'}"),
        "storage": Storage(uri=uri),
        "gates": {"residual": {"max_percent": 100}, "retention": {"min_percent": 0}},
        **more,
    }
    return JobInput.model_validate(fields)


def write(document: JobInput, folder: Path) -> Path:
    path = folder / "document.json"
    path.write_text(document.to_json())
    return path


def changed(document: JobInput, **fields: Any) -> JobInput:
    return JobInput.model_validate(copy.deepcopy(document.model_dump()) | fields)
