"""provenance.json: how a release came about, as an in-toto statement with SLSA's provenance predicate.

It holds no time and no host: on one machine the same document gives the same bytes. How long it took stands
in the result.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from unlearn_job.contract.document import JobInput
from unlearn_job.contract.manifest import MANIFEST_NAME
from unlearn_job.methods import configs
from unlearn_job.store.release import release_prefix, sha256_of

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://slsa.dev/provenance/v1"
BUILD_TYPE: Final = "https://concept-erasure.io/unlearn-job/v1"
_LIBRARIES: Final = ("diffusers", "numpy", "safetensors", "torch", "transformers")


def provenance(document: JobInput, folder: Path, *, base_sha256: str, device: str) -> str:
    """Describe inputs, method and outputs of a release.

    Parameters
    ----------
    document
        The Job's input.
    folder
        Local folder with the files of the release; every one becomes a subject.
    base_sha256
        Digest over the base encoder's tensors.
    device
        Kind of device that computed, such as "cpu": other kinds give other last digits.

    """
    method = configs()[document.method.name].model_validate(document.method.parameters)
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": path.relative_to(folder).as_posix(), "digest": {"sha256": sha256_of(path)}}
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": document.model_dump(mode="json", by_alias=True, exclude_none=True),
                "internalParameters": {
                    "algorithm": method.algorithm_version,
                    "parameters": method.canonical(),
                    "device": device,
                },
                "resolvedDependencies": _dependencies(document, base_sha256),
            },
            "runDetails": {
                "builder": {
                    "id": BUILD_TYPE,
                    "version": {
                        "concept-erasure": version("concept-erasure"),
                        **{name: version(name) for name in _LIBRARIES},
                    },
                },
                "metadata": {"invocationId": document.key},
            },
        },
    }
    return json.dumps(statement, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _dependencies(document: JobInput, base_sha256: str) -> list[dict[str, Any]]:
    """Return what the release was made from. A tensor digest is no file's digest, so it has its own name."""
    components = document.base.components
    edited = {"encoders": list(components)} if len(components) > 1 else {"encoder": document.base.encoder}
    found: list[dict[str, Any]] = [
        {
            "name": "pipeline",
            "uri": document.base.pipeline,
            "annotations": {**edited, "tensorsSha256": base_sha256},
        },
        {"name": "judge", "uri": document.judge.source},
    ]
    beside = {
        "surrogate": document.base.surrogate,
        "features.clip": document.features and document.features.clip,
        "features.style": document.features and document.features.style,
    }
    found += [{"name": name, "uri": source} for name, source in beside.items() if source]
    if document.parent is not None:
        prefix = release_prefix(document.model, document.parent.key)
        found.append(
            {
                "name": "parent",
                "uri": f"{document.storage.uri}/{prefix}/{MANIFEST_NAME}",
                "digest": {"sha256": document.parent.manifest_sha256},
            }
        )
    return found
