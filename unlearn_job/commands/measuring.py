"""Commands that measure and change nothing: what a model knows, what an encoder draws, what attacks find."""

from __future__ import annotations

import json
from typing import Annotated

from cyclopts import Parameter

from unlearn_job.composing import FeatureWish, Wish, compose, encoder_address
from unlearn_job.contract.budget import Budget
from unlearn_job.contract.document import Probe
from unlearn_job.settings import JobSettings
from unlearn_job.shell import AS_MUCH_AS_USUAL, Flat, Output, guarded, importing, prepare, show

AS_USUAL = Budget()
JUDGES_OWN = FeatureWish()

EncoderFrom = Annotated[str, Parameter(name="--encoder-from")]
"""Where an encoder is: a release, a folder, a pipeline or a file of safetensors."""


def identify(
    *,
    wish: Annotated[Wish, Flat],
    probe: Annotated[Probe, Flat] = AS_MUCH_AS_USUAL,
    output: Output = "text",
    debug: bool = False,
) -> int:
    """Say whether the base model knows concepts; change nothing.

    Parameters
    ----------
    output
        What stdout gets: a sentence for each concept, or a list of objects. Logs go to stderr.
    debug
        Show the traceback of an unexpected error.

    """
    prepare()
    settings = JobSettings()

    def look() -> int:
        document = compose(wish, probe, {})
        with importing():
            from unlearn_job.identifying import identified  # noqa: PLC0415 (torch)

        found = identified(document, settings)
        plain = json.dumps([one.as_json() for one in found])
        show(plain if output == "json" else "\n".join(one.sentence() for one in found))
        return 0

    return guarded(look, output=output, debug=debug, termination_log=None)


def probe(
    *,
    encoder_from: EncoderFrom,
    wish: Annotated[Wish, Flat],
    probe: Annotated[Probe, Flat] = AS_MUCH_AS_USUAL,
    features: Annotated[FeatureWish, Flat] = JUDGES_OWN,
    output: Output = "text",
    debug: bool = False,
) -> int:
    """Measure an encoder that anybody made against the base; change nothing.

    The figures are those of `erase`: what is left of each concept, and what else was kept. Broken gates do
    not change the exit code.

    Parameters
    ----------
    encoder_from
        Encoder to measure: a published release (its folder or s3:// address), a folder with config.json and
        safetensors, a pipeline with such a folder, or a file of safetensors.
    output
        What stdout gets: a few lines, or all of probe.json. Logs go to stderr.
    debug
        Show the traceback of an unexpected error.

    """
    prepare()
    settings = JobSettings()

    def look() -> int:
        document, where = compose(wish, probe, {}, features), encoder_address(encoder_from)
        with importing():
            from unlearn_job.probing import probed  # noqa: PLC0415 (torch)

        found = probed(document, where, settings)
        show(found.report.to_json() if output == "json" else found.text())
        return 0

    return guarded(look, output=output, debug=debug, termination_log=None)


def attack(
    *,
    encoder_from: EncoderFrom,
    wish: Annotated[Wish, Flat],
    attacks: tuple[str, ...] = ("paraphrase", "misspelling", "words"),
    budget: Annotated[Budget, Flat] = AS_USUAL,
    probe: Annotated[Probe, Flat] = AS_MUCH_AS_USUAL,
    output: Output = "text",
    debug: bool = False,
) -> int:
    """Look for inputs that bring concepts back from an encoder, with the base as control.

    Each attack searches, lets the judge choose its best prompt, and draws that one anew with fresh seeds: by
    the encoder under attack and by the base. What the base draws too was not opened by an edit.

    Parameters
    ----------
    encoder_from
        Encoder to attack, as of `probe`.
    attacks
        Attacks, such as paraphrase, synonym, misspelling, words, vocabulary, words-before, words-behind,
        vocabulary-before, vocabulary-behind, ring-a-bell; and prefix and inversion, which need a surrogate.
    output
        What stdout gets: a table, or a list of objects. Logs go to stderr.
    debug
        Show the traceback of an unexpected error.

    """
    prepare()
    settings = JobSettings()

    def look() -> int:
        document, where = compose(wish, probe, {}), encoder_address(encoder_from)
        with importing():
            from unlearn_job.attacking import attacked, outcome_json, table  # noqa: PLC0415 (torch)

        found = attacked(document, where, attacks, budget, settings)
        show(json.dumps([outcome_json(one) for one in found]) if output == "json" else table(found))
        return 0

    return guarded(look, output=output, debug=debug, termination_log=None)
