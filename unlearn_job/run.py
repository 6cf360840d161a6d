"""The Job: find published -> load -> identify -> localise -> unlearn -> probe -> report -> publish."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from unlearn_job.aliases import with_names
from unlearn_job.attacks.gate import attacked, require_surrogate
from unlearn_job.clock import Clock
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.gates import broken_gates
from unlearn_job.contract.manifest import (
    MANIFEST_NAME,
    Manifest,
    ManifestErasure,
    ManifestFile,
    encoder_folders,
)
from unlearn_job.contract.result import JobResult, Outcome
from unlearn_job.discovery import discover
from unlearn_job.encoder import Encoders, joint_digest, save_encoders
from unlearn_job.erasing import erasings
from unlearn_job.judges.judge import Judge
from unlearn_job.localise import localised
from unlearn_job.models import Models
from unlearn_job.parent import parent_names
from unlearn_job.pictures_cache import PicturesCache, caching
from unlearn_job.placing import peak_memory, reset_peak, retried
from unlearn_job.probe import ProbeReport, identify, probe
from unlearn_job.probing import loaded
from unlearn_job.prompts import Templates
from unlearn_job.provenance import provenance
from unlearn_job.publish import commit, find_published, upload
from unlearn_job.quality import FeatureModels, open_features
from unlearn_job.report.render import render_report
from unlearn_job.retain import kept_concepts
from unlearn_job.settings import JobSettings
from unlearn_job.shots import given_shots
from unlearn_job.signing import check_signing, sign
from unlearn_job.store import Store, open_store
from unlearn_job.store.release import release_prefix
from unlearn_job.unlearn import Phrases, unlearn_all

log = structlog.get_logger()


@dataclass(frozen=True)
class Built:
    """An encoder that was made and probed, before it is published.

    Attributes
    ----------
    document, models: what it was made from.
    encoders, encoder_sha256: the encoder, or all by component, and the digest over the tensors.
    report: what the probe found.
    broken: sentences of the gates that do not hold.

    """

    document: JobInput
    models: Models
    encoders: Encoders
    encoder_sha256: str
    report: ProbeReport
    broken: tuple[str, ...]


def run(document: JobInput, settings: JobSettings) -> JobResult:
    """Build one release, or find that it is built.

    Parameters
    ----------
    document
        The Job's input.
    settings
        The process's settings.

    Returns
    -------
    JobResult
        What the Job reports. The release is published, unless the outcome is NotPresent.

    Raises
    ------
    PermanentFailure
        Somebody must change something; nothing is published.
    TemporaryFailure
        The next attempt may work; nothing is published.

    """
    structlog.contextvars.bind_contextvars(model=document.model, release=document.key[:10])
    clock = Clock()
    store = open_store(
        document.storage.uri, endpoint=document.storage.endpoint, region=document.storage.region
    )
    prefix = release_prefix(document.model, document.key)
    published = find_published(store, prefix)
    if published is not None:
        log.info("release is published already", outcome=published.outcome)
        return published
    require_surrogate(document)
    if settings.signing_key is not None:
        check_signing(settings.signing_key)
    # Now, and not after all the work: credentials that may read were enough to get here.
    store.check_writable(f"{prefix}/{MANIFEST_NAME}")
    state = _state(document, settings)
    with caching(PicturesCache(state / "pictures", document.base.to_json())):
        result = retried(lambda thrift: _build(document, settings, store, clock, thrift))
    shutil.rmtree(state, ignore_errors=True)
    return result


def _state(document: JobInput, settings: JobSettings) -> Path:
    """Return where an interrupted attempt leaves what the next one of the same release goes on from."""
    return settings.cache_dir / "states" / document.key


def _build(document: JobInput, settings: JobSettings, store: Store, clock: Clock, thrift: int) -> JobResult:
    """Make, probe and publish a release with one memory plan."""
    prefix = release_prefix(document.model, document.key)
    models, judge, features = _load(document, settings, clock, thrift)
    # Fetched first: a folder without images is found before anything is drawn.
    given = given_shots(document, models, settings.cache_dir)
    with clock.step("identify") as figures:
        found = discover(models, judge, with_names(document, parent_names(document, store)))
        document = found.document
        base = identify(models, judge, document)
        figures["aliases"] = sum(alias.joins for alias in found.aliases)
        figures["neighbours"] = len(found.neighbours)
        figures["not_present"] = len(base.not_present)
    if base.not_present:
        return _not_present(document, models, base.not_present, clock)
    with clock.step("localise"):
        erasing = erasings(
            document,
            Templates.of(document),
            models.start_encoder,
            models.tokenizer,
            kept_concepts(document),
        )
        places = localised(models, document, erasing=erasing)
    phrases = Phrases()
    with clock.step("unlearn", method=document.method.name, erasures=len(document.adds)):
        encoders = unlearn_all(
            models,
            document,
            judge,
            given=given,
            alone=found.alone,
            state=_state(document, settings),
            erasing=erasing,
            phrases=phrases,
        )
    with clock.step("probe") as figures:
        report = probe(models, encoders, judge, document, base, features=features).discovered(
            found.aliases, found.neighbours, phrases
        )
        report = report.localised(place.as_json() for place in places)
        if document.gates.attack is not None:
            report = report.attacked(attacked(models, encoders, judge, document, document.gates.attack))
        broken = broken_gates(document.gates, report.figures)
        figures.update(_log_figures(report), gates="broken" if broken else "held")
    digest = joint_digest(models.by_component(encoders))
    built = Built(document, models, encoders, digest, report, broken)
    settings.cache_dir.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=settings.cache_dir, prefix="release-") as folder:
        with clock.step("report"):
            _write(built, Path(folder))
            if settings.signing_key is not None:
                sign(Path(folder), settings.signing_key, encoder_folders(document.base.components))
        with clock.step("publish") as figures:
            files = upload(store, prefix, Path(folder))
            figures["bytes"] = sum(file.size for file in files)
    committed = commit(store, prefix, _manifest(built, files, clock.seconds))
    log.info("release published", outcome=committed.outcome, uri=f"{store.uri}/{prefix}")
    return committed


def _load(
    document: JobInput, settings: JobSettings, clock: Clock, thrift: int
) -> tuple[Models, Judge, FeatureModels]:
    with clock.step("load") as figures:
        models, judge = loaded(document, settings, thrift)
        features = open_features(document, settings.cache_dir, models.device)
        reset_peak(models.device)
        figures.update(device=models.device.type, base=models.base_sha256[:10], plan=str(models.plan))
    return models, judge, features


def _not_present(document: JobInput, models: Models, digests: tuple[str, ...], clock: Clock) -> JobResult:
    names = [erasure.concept.name for erasure in document.adds if erasure.digest in digests]
    return JobResult(
        key=document.key,
        outcome=Outcome.NOT_PRESENT,
        base_sha256=models.base_sha256,
        not_present=digests,
        seconds=clock.seconds,
        memory=peak_memory(models.device, models.plan),
        message=f"the base model does not draw {', '.join(names)}"[:1000],
    )


def _write(built: Built, folder: Path) -> None:
    """Write all files of a release but its manifest."""
    document, models = built.document, built.models
    stored = {part.encoder_name: part.stored_dtype for part in models.parts}
    save_encoders(models.by_component(built.encoders), folder, stored)
    (folder / "probe.json").write_text(built.report.to_json() + "\n")
    page = render_report(
        document,
        built.report,
        built.broken,
        base_sha256=models.base_sha256,
        encoder_sha256=built.encoder_sha256,
    )
    (folder / "report.html").write_text(page)
    statement = provenance(document, folder, base_sha256=models.base_sha256, device=models.device.type)
    (folder / "provenance.json").write_text(statement)


def _manifest(built: Built, files: tuple[ManifestFile, ...], seconds: dict[str, int]) -> Manifest:
    document, models = built.document, built.models
    result = JobResult(
        key=document.key,
        outcome=Outcome.GATE_FAILED if built.broken else Outcome.BUILT,
        base_sha256=models.base_sha256,
        encoder_sha256=built.encoder_sha256,
        figures=built.report.figures,
        seconds=seconds,
        memory=peak_memory(models.device, models.plan),
        message="; ".join(built.broken)[:1000],
    )
    components = document.base.components
    return Manifest(
        version=2 if len(components) > 1 else 1,
        model=document.model,
        key=document.key,
        parent=document.parent.key if document.parent else None,
        base_sha256=models.base_sha256,
        encoder_sha256=built.encoder_sha256,
        encoders=components if len(components) > 1 else None,
        erasures=tuple(
            ManifestErasure(
                digest=erasure.digest,
                name=erasure.name,
                concept=erasure.concept.name,
                aliases=erasure.concept.aliases,
            )
            for erasure in (*document.holds, *document.adds)
        ),
        files=files,
        result=result,
    )


def _log_figures(report: ProbeReport) -> dict[str, str]:
    figures = report.figures
    return {
        "residual_images": " ".join(f"{e.images.hits}/{e.images.samples}" for e in figures.erasures[:8]),
        "residual_clips": " ".join(f"{e.clips.hits}/{e.clips.samples}" for e in figures.erasures[:8]),
        "images_per_second": f"{report.images_per_second or 0:.1f}",
        "clips_per_second": f"{report.clips_per_second or 0:.1f}",
        "preserved_percent": f"{figures.preserved.percent:.1f}",
        "holdout_percent": f"{figures.holdout.percent:.1f}",
    }
