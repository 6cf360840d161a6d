"""Concepts as people name them in flags, files and calls, and what must not be asked of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from unlearn_job.contract.concept import Concept, ConceptKind, KeptConcept
from unlearn_job.reading import DocumentError, read_json


def concept_of(text: str, kind: ConceptKind) -> Concept:
    """Read a concept without aliases from "NAME", which has the kind given, or "KIND:NAME"."""
    (one,) = kept([text], kind)
    return Concept(name=one.name, kind=one.kind)


def kept(texts: Iterable[str], kind: ConceptKind) -> tuple[KeptConcept, ...]:
    """Read kept concepts from "NAME", which has the kind given, or "KIND:NAME"."""
    found = []
    for text in texts:
        before, colon, after = text.partition(":")
        content = {"kind": before, "name": after} if colon else {"kind": kind, "name": text}
        found.append(KeptConcept.model_validate(content))
    return tuple(dict.fromkeys(found))


def listed(path: Path | None) -> dict[str, Concept]:
    """Read concepts by name from a JSON list with name, kind, aliases and anchor; none without a file.

    Raises
    ------
    DocumentError
        The file cannot be read, or names one twice.
    pydantic.ValidationError
        It holds no such list.

    """
    if path is None:
        return {}
    found = TypeAdapter(tuple[Concept, ...]).validate_python(read_json(path, "concepts"))
    by_name = {concept.name: concept for concept in found}
    if len(by_name) < len(found):
        raise DocumentError(f"{path} names a concept twice")
    return by_name


def check_apart(
    concepts: Sequence[Concept], preserve: Sequence[KeptConcept], holdout: Sequence[KeptConcept]
) -> None:
    """Refuse what cannot be done at once; the API server refuses the same of a ConceptErasure.

    Raises
    ------
    DocumentError
        A name goes twice, or stays as well, or is what another turns into; or evidence is trained on.

    """
    times = Counter(name for one in concepts for name in {text.lower() for text in (one.name, *one.aliases)})
    if twice := [name for name, count in times.items() if count > 1]:
        raise DocumentError(f"two concepts are called {twice[0]!r}; name each once, with all its aliases")
    if any(one.anchor and one.anchor.lower() in times for one in concepts):
        raise DocumentError("anchor is the concept itself or another that goes; name what is to stay")
    for what, some in (("preserve", preserve), ("holdout", holdout)):
        if any(one.name.lower() in times for one in some):
            raise DocumentError(f"{what} names the concept or one of its aliases; it cannot go and stay")
    if {one.name.lower() for one in preserve} & {one.name.lower() for one in holdout}:
        raise DocumentError("holdout repeats a concept of preserve; what is trained on is no evidence")
