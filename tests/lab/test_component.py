from __future__ import annotations

from pathlib import Path

from lab.component import Component


def component(*argv: str, **more: object) -> Component:
    return Component("one", argv, "here", lambda: None, **more)  # type: ignore[arg-type]


def test_the_digest_tells_apart_what_a_restart_would_change(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b.yaml"
    variants = [
        component("run"),
        component("run", "--fast"),
        component("run", files={file: "x: 1"}),
        component("run", files={file: "x: 2"}),
        component("run", environment={"A": "1"}),
    ]
    assert len({variant.digest for variant in variants}) == len(variants)
    assert component("run").digest == component("run", ready_seconds=3).digest


def test_configuration_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b.yaml"
    component("run", files={file: "x: 1"}).write_files()
    assert file.read_text() == "x: 1"
    assert file.stat().st_mode & 0o077 == 0
