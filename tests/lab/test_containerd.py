from __future__ import annotations

import tomllib

from lab import containerd
from lab.component import LabContext
from lab.pause import PAUSE_IMAGE


def configuration(lab: LabContext) -> dict[str, object]:
    files = containerd.component(lab).files
    (text,) = [text for path, text in files.items() if path.suffix == ".toml"]
    return tomllib.loads(text)


def test_it_keeps_apart_from_another_containerd(lab_context: LabContext) -> None:
    found, paths = configuration(lab_context), lab_context.paths
    assert found["root"] == str(paths.state / "containerd")
    assert found["state"] == str(paths.run / "containerd")


def test_it_starts_pods_where_root_may_not_lower_oom_scores(lab_context: LabContext) -> None:
    cri = configuration(lab_context)["plugins"]["io.containerd.grpc.v1.cri"]  # type: ignore[index]
    assert cri["restrict_oom_score_adj"] is True
    assert cri["sandbox_image"] == PAUSE_IMAGE


def test_containers_start_from_the_labs_specification(lab_context: LabContext) -> None:
    cri = configuration(lab_context)["plugins"]["io.containerd.grpc.v1.cri"]  # type: ignore[index]
    assert cri["containerd"]["runtimes"]["runc"]["base_runtime_spec"].endswith("runtime-spec.json")
