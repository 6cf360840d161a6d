from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from unlearn_job.contract.evidence import Share, Wording
from unlearn_job.contract.figures import Figures, RetentionFigures, Tally
from unlearn_job.contract.probe_document import (
    ConceptEvidence,
    ProbeDocument,
    ProbeSettings,
    RetentionPercent,
    WordingEvidence,
)

SCHEMA = Path(__file__).parents[3] / "docs" / "reference" / "probe.schema.json"
SHARE = Share.of(Tally(hits=3, samples=4))
KEPT = RetentionFigures(base=Tally(hits=3, samples=4), erased=Tally(hits=3, samples=4))


def document() -> ProbeDocument:
    return ProbeDocument(
        versions={"torch": "2"},
        settings=ProbeSettings(seed=3),
        figures=Figures(erasures=(), preserved=KEPT, holdout=KEPT, neighbours=KEPT),
        retention_percent=RetentionPercent(preserved=100, holdout=100, neighbours=100),
        concepts=(
            ConceptEvidence(
                concept="cat",
                kind="Object",
                role="preserved",
                neighbour=False,
                base_images=SHARE,
                images=SHARE,
                invalid=SHARE,
                by_wording={Wording.NAME: WordingEvidence(base=SHARE, images=SHARE, counted=True)},
            ),
        ),
    )


def test_it_reads_back_and_holds_the_published_schema() -> None:
    text = document().to_json()
    assert ProbeDocument.from_json(text) == document()
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(text), schema, cls=jsonschema.Draft202012Validator)


def test_a_report_of_a_newer_job_is_read() -> None:
    newer = json.loads(document().to_json()) | {"novelty": 1}
    newer["concepts"][0]["byWording"]["name"]["novelty"] = 2
    assert ProbeDocument.from_json(json.dumps(newer)) == document()
