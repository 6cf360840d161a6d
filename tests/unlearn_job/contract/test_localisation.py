from __future__ import annotations

import json

from unlearn_job.contract.localisation import LocalisationEvidence


def test_it_reads_what_a_localisation_writes_and_what_newer_ones_will() -> None:
    written = {
        "concept": "cat",
        "encoder": "text_encoder_2",
        "anchor": None,
        "prompts": 4,
        "layers": [0, 1],
        "parts": ["mlp"],
        "positions": ["name"],
        "recovered": [[[0.25, 1.0]]],
    }
    found = LocalisationEvidence.model_validate({**written, "later": "field"})
    assert found.recovered == (((0.25, 1.0),),)
    assert json.loads(found.model_dump_json(by_alias=True)) == written
