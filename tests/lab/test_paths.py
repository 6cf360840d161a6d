from __future__ import annotations

from pathlib import Path

import pytest

from lab.paths import CHECKOUT, Paths, write_private


def test_the_cache_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONCEPT_ERASURE_CACHE", str(tmp_path))
    assert Paths.default().cache == tmp_path


def test_the_cache_is_in_the_home_folder_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONCEPT_ERASURE_CACHE", raising=False)
    assert Paths.default().cache == Path.home() / ".cache" / "concept-erasure"


def test_builds_are_kept_outside_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONCEPT_ERASURE_CACHE", raising=False)
    assert not Paths.default().cache.is_relative_to(CHECKOUT)


def test_sockets_fit_into_a_socket_address() -> None:
    # A Unix socket's path has at most 107 bytes.
    assert len(str(Paths.default().run / "containerd" / "containerd.sock.ttrpc")) < 107


def test_folders_with_keys_are_for_their_owner_alone(paths: Paths) -> None:
    assert [folder.stat().st_mode & 0o077 for folder in (paths.pki, paths.configuration)] == [0, 0]


def test_a_private_file_is_private_even_where_it_was_not(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.touch(mode=0o644)
    write_private(file, "secret")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == "secret"
