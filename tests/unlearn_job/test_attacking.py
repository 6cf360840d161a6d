from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from tests.unlearn_job import folders  # noqa: E402
from tests.unlearn_job.attacks.targets import SMALL, target  # noqa: E402
from unlearn_job.attacking import attacked, outcome_json, outcomes, table  # noqa: E402
from unlearn_job.attacks import Outcome  # noqa: E402
from unlearn_job.contract.errors import PermanentFailure  # noqa: E402
from unlearn_job.contract.figures import Tally  # noqa: E402
from unlearn_job.settings import JobSettings  # noqa: E402


def outcome(**more: object) -> Outcome:
    tally = Tally(hits=3, samples=8)
    none = Tally(hits=0, samples=8)
    fields = {"attack": "words", "concept": "cat", "seed": 1, "prompt": "red boat", "soft": False}
    return Outcome(
        **{
            **fields,
            "edited": tally,
            "base": none,
            "named": tally,
            "plain": none,
            "tried": none,
            "candidates": 4,
            **more,
        }  # type: ignore[arg-type]
    )


def test_the_base_encoder_is_as_open_as_itself(tiny_models: Path, tmp_path: Path) -> None:
    document = folders.document(tiny_models, f"file://{tmp_path}")
    settings = JobSettings(cache_dir=tmp_path / "cache")
    encoder = f"file://{tiny_models / 't2v' / 'text_encoder'}"
    found = attacked(document, encoder, ("misspelling", "words"), SMALL, settings)
    assert [one.attack for one in found] == ["misspelling", "words"]
    assert all(one.edited == one.base and not one.opened for one in found)


def test_an_unknown_attack_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    document = folders.document(tmp_path / "nowhere", f"file://{tmp_path}")
    with pytest.raises(PermanentFailure, match="there is no attack 'magic'; known are paraphrase"):
        attacked(document, "file:///nowhere", ("magic",), SMALL, JobSettings(cache_dir=tmp_path))


def test_every_erasure_is_attacked_by_every_attack() -> None:
    victim = target()
    found = outcomes(victim.models, victim.edited, victim.judge, victim.doc, ("misspelling",), budget=SMALL)
    assert [(one.concept, one.attack) for one in found] == [(victim.erasure.concept.name, "misspelling")]


def test_json_has_all_counts_with_their_intervals() -> None:
    plain = json.loads(json.dumps(outcome_json(outcome())))
    assert plain["edited"]["hits"] == 3
    assert plain["edited"]["wilson95"] == [0.1368, 0.6943]
    assert set(plain) >= {"base", "namedOnBase", "namedOnEdited", "opened", "prompt", "tried", "hits"}


def test_a_table_tells_what_the_edit_opened() -> None:
    opened = outcome(edited=Tally(hits=8, samples=8))
    lines = table((outcome(), opened, outcome(prompt="", candidates=0))).splitlines()
    assert lines[0].startswith("concept  attack  brought back")
    assert "8/8 [67.6, 100.0] % opened" in lines[2]
    assert lines[1].endswith("red boat")
    assert lines[3].endswith("no candidate")
