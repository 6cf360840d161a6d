"""The three CustomResourceDefinitions, generated from the models.

``python -m erasure_operator.api.crd --write`` rewrites crds/, the chart's copy and docs/reference, where
the schema of probe.json is too; without ``--write`` it only says what differs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, NamedTuple

import cyclopts
import yaml

from erasure_operator.api.base import KubernetesObject
from erasure_operator.api.concept_erasure import ConceptErasure
from erasure_operator.api.constants import GROUP, VERSION
from erasure_operator.api.encoder_release import EncoderRelease
from erasure_operator.api.reference import reference_page
from erasure_operator.api.schema import Schema, structural
from erasure_operator.api.video_model import VideoModel
from unlearn_job.contract.probe_document import ProbeDocument

_HEADER: Final = "# Generated from operator/erasure_operator/api by `make generate`. Do not edit.\n"


class Column(NamedTuple):
    """A column of `kubectl get`."""

    name: str
    json_path: str
    type: str = "string"
    priority: int = 0
    """1: shown with `-o wide` only."""


class Kind(NamedTuple):
    """What a CustomResourceDefinition says beside its schema."""

    model: type[KubernetesObject]
    plural: str
    short: str
    columns: tuple[Column, ...]
    defaulted: bool = True
    """Whether the API server writes defaults of the spec into stored objects. A status has none: an absent
    figure is not a zero."""

    @property
    def name(self) -> str:
        """CamelCase name of the kind."""
        return self.model.__name__


_AGE: Final = Column("Age", ".metadata.creationTimestamp", "date")
_REASON: Final = Column("Reason", '.status.conditions[?(@.type=="Ready")].reason', priority=1)

KINDS: Final = (
    Kind(
        ConceptErasure,
        "concepterasures",
        "ce",
        (
            Column("Concept", ".spec.concept.name"),
            Column("Model", ".spec.videoModel"),
            Column("Phase", ".status.phase"),
            Column("Residual", ".status.residual"),
            Column("Pods", ".status.pods"),
            _REASON,
            Column("Release", ".status.release", priority=1),
            Column("Reference", ".spec.reference", priority=1),
            _AGE,
        ),
    ),
    Kind(
        VideoModel,
        "videomodels",
        "t2v",
        (
            Column("Erasures", ".status.erasures", "integer"),
            Column("Release", ".status.release"),
            Column("Phase", ".status.phase"),
            Column("Pods", ".status.pods"),
            _REASON,
            Column("Pipeline", ".spec.pipeline.source", priority=1),
            _AGE,
        ),
    ),
    Kind(
        EncoderRelease,
        "encoderreleases",
        "er",
        (
            Column("Model", ".spec.videoModel"),
            Column("Phase", ".status.phase"),
            Column("Outcome", ".status.result.outcome"),
            Column("Job", ".status.job", priority=1),
            Column("URI", ".status.uri", priority=1),
            _AGE,
        ),
        # The document is the record of what a Job was given, and was written whole.
        defaulted=False,
    ),
)


def definition(kind: Kind) -> Schema:
    """Build the CustomResourceDefinition of a kind."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": kind.name.lower(),
                "shortNames": [kind.short],
                # Not `all`: `kubectl delete all --all` must not take concepts back into service.
                "categories": ["concept-erasure"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [_column(column) for column in kind.columns],
                    "schema": {"openAPIV3Schema": object_schema(kind)},
                }
            ],
        },
    }


def object_schema(kind: Kind) -> Schema:
    """Build the structural schema of a whole object, metadata left to the API server."""
    spec, status = (kind.model.model_fields[name].annotation for name in ("spec", "status"))
    extra = kind.model.model_config.get("json_schema_extra")
    return {
        "type": "object",
        "description": " ".join((kind.model.__doc__ or "").split()),
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural(spec, defaults=kind.defaulted),  # type: ignore[arg-type]
            "status": structural(status, defaults=False),  # type: ignore[arg-type]
        },
    } | (extra if isinstance(extra, dict) else {})


def _column(column: Column) -> Schema:
    shown = {"name": column.name, "type": column.type, "jsonPath": column.json_path}
    return shown | ({"priority": column.priority} if column.priority else {})


def generated_files(root: Path) -> dict[Path, str]:
    """Render every generated file, by its path below the repository's root."""
    files = {}
    for kind in KINDS:
        text = _HEADER + yaml.safe_dump(definition(kind), sort_keys=False, width=110, allow_unicode=True)
        for folder in ("crds", "charts/concept-erasure-operator/files/crds"):
            files[root / folder / f"{GROUP}_{kind.plural}.yaml"] = text
    files[root / "docs/reference/api.md"] = reference_page({kind.name: object_schema(kind) for kind in KINDS})
    files[root / "docs/reference/probe.schema.json"] = json.dumps(probe_schema(), indent=1) + "\n"
    return files


def probe_schema() -> Schema:
    """Return the JSON schema that every probe.json holds."""
    schema = ProbeDocument.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def main(*, write: bool = False, root: Path = Path()) -> int:
    """Compare the generated files with what is checked in.

    Parameters
    ----------
    write
        Bring them up to date.
    root
        Root of the repository.

    """
    stale = 0
    for path, text in generated_files(root).items():
        if path.is_file() and path.read_text() == text:
            continue
        stale += 1
        print(f"{'wrote' if write else 'stale'}: {path}")  # noqa: T201  (the command's result)
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return 1 if stale and not write else 0


if __name__ == "__main__":
    cyclopts.run(main)
