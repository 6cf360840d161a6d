"""A tiny pipeline on disk, and encoders as fetch-encoder leaves them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.manifest import Manifest, ManifestErasure, ManifestFile
from unlearn_job.contract.result import JobResult, Outcome
from unlearn_job.encoder import joint_digest, load_encoder, save_encoder, save_encoders, tensor_digest
from unlearn_job.pipelines import PipelineIndex

KEY = "a" * 64


def save_pipeline(folder: Path) -> Path:
    tiny.models().pipeline.save_pretrained(folder)
    return folder


def save_release(folder: Path, *, seed: int = 7, layers: int = 3, base_seed: int = 0) -> Path:
    """Write an encoder and the manifest beside it: of another seed, so that it draws something else."""
    encoder = tiny.encoder(layers, seed)
    save_encoder(encoder, folder, torch.float32)
    write_manifest(folder, base=tensor_digest(tiny.encoder(3, base_seed)), encoder=tensor_digest(encoder))
    return folder


def write_manifest(folder: Path, *, base: str, encoder: str, into: Path | None = None) -> None:
    files = [
        ManifestFile(
            path=f"text_encoder/{path.name}",
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            size=path.stat().st_size,
        )
        for path in sorted(folder.iterdir())
    ]
    manifest = Manifest(
        model="media.storyboard",
        key=KEY,
        base_sha256=base,
        encoder_sha256=encoder,
        erasures=(ManifestErasure(digest="d" * 64, name="takedown", concept="captain comet"),),
        files=tuple(files),
        result=JobResult(key=KEY, outcome=Outcome.BUILT),
    )
    ((into or folder) / "manifest.json").write_text(manifest.to_json())


BOTH = ("text_encoder", "text_encoder_2")


def save_pair(folder: Path, pipeline: Path) -> Path:
    """Write a release of both encoders of SDXL with other signs, as fetch-encoder leaves it."""
    index = PipelineIndex(pipeline)
    base = {name: load_encoder(pipeline / name, index.class_of(name)) for name in BOTH}
    base_sha256 = joint_digest(base)
    with torch.no_grad():
        for encoder in base.values():
            for parameter in encoder.parameters():
                parameter.neg_()
    save_encoders(base, folder, dict.fromkeys(BOTH, torch.float32))
    files = [
        ManifestFile(
            path=path.relative_to(folder).as_posix(),
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            size=path.stat().st_size,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    manifest = Manifest(
        version=2,
        encoders=BOTH,
        model="media.storyboard",
        key=KEY,
        base_sha256=base_sha256,
        encoder_sha256=joint_digest(base),
        erasures=(ManifestErasure(digest="d" * 64, name="takedown", concept="captain comet"),),
        files=tuple(files),
        result=JobResult(key=KEY, outcome=Outcome.BUILT),
    )
    for name in BOTH:
        (folder / name / "manifest.json").write_text(manifest.to_json())
    return folder
