"""Concepts as people name them in flags, files and calls, and what must not be asked of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from unlearn_job.contract.concept import Concept, ConceptKind, KeptConcept
from unlearn_job.reading import DocumentError, first_error, read_json


def concept_of(text: str, kind: ConceptKind, known: Mapping[str, Concept] | None = None) -> Concept:
    """Read a concept from "NAME", which has the kind given, or "KIND:NAME".

    Parameters
    ----------
    text, kind
        What is asked for, and the kind where it says none.
    known
        Concepts of a file, as `listed` returns them: then it is one of these, with its aliases and its kind.

    Raises
    ------
    DocumentError
        The file has no such concept, or has it as another kind.
    pydantic.ValidationError
        A name or a kind is none.

    """
    if known and text.lower() in known:
        return known[text.lower()]
    (one,) = kept([text], kind)
    if not known:
        return Concept(name=one.name, kind=one.kind)
    found = known.get(one.name.lower())
    if found is None:
        raise DocumentError(f"there is no concept {one.name!r} in --concepts-file")
    if found.kind is not one.kind:
        raise DocumentError(f"{text}: --concepts-file has it as {found.kind.value}")
    return found


def kept(texts: str | Iterable[str | KeptConcept], kind: ConceptKind) -> tuple[KeptConcept, ...]:
    """Read kept concepts from "NAME", which has the kind given, or "KIND:NAME"."""
    found = []
    for text in (texts,) if isinstance(texts, str) else texts:
        if isinstance(text, KeptConcept):
            found.append(KeptConcept(name=text.name, kind=text.kind))
            continue
        before, colon, after = text.partition(":")
        content = {"kind": before, "name": after} if colon else {"kind": kind, "name": text}
        found.append(KeptConcept.model_validate(content))
    return tuple(dict.fromkeys(found))


def listed(path: Path | None) -> dict[str, Concept]:
    """Read concepts by name in lower case from a JSON list; none without a file.

    Raises
    ------
    DocumentError
        The file cannot be read, holds no such list, or names a concept twice.

    """
    if path is None:
        return {}
    try:
        found = TypeAdapter(list[Concept]).validate_python(read_json(path, "concepts"))
    except ValidationError as exc:
        raise DocumentError(f"{path}: {first_error(exc)}") from exc
    if not found:
        raise DocumentError(f"{path} names no concept")
    by_name = {concept.name.lower(): concept for concept in found}
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
        raise DocumentError(f"{twice[0]!r} is named twice; name each concept once, with all its aliases")
    if any(one.anchor and one.anchor.lower() in times for one in concepts):
        raise DocumentError("anchor is the concept itself or another that goes; name what is to stay")
    for what, some in (("preserve", preserve), ("holdout", holdout)):
        if any(one.name.lower() in times for one in some):
            raise DocumentError(f"{what} names the concept or one of its aliases; it cannot go and stay")
    if {one.name.lower() for one in preserve} & {one.name.lower() for one in holdout}:
        raise DocumentError("holdout repeats a concept of preserve; what is trained on is no evidence")
