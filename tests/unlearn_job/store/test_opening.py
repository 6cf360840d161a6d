from __future__ import annotations

from pathlib import Path

import pytest

from unlearn_job.store import StorageMisconfiguredError, open_store


def test_a_folder_may_have_a_space(tmp_path: Path) -> None:
    open_store(f"file://{tmp_path}/my%20store").put("x", b"1")
    assert (tmp_path / "my store" / "x").read_bytes() == b"1"


def test_a_prefix_is_shown_without_its_slash() -> None:
    store = open_store(
        "s3://checkpoints/erasure/", endpoint="http://user:hunter2@127.0.0.1:1", region="eu-west-1"
    )
    assert store.uri == "s3://checkpoints/erasure"


@pytest.mark.parametrize("uri", ["", "ftp://x/y", "s3://", "file://relative", "checkpoints", "hf://org/name"])
def test_other_addresses_are_refused(uri: str) -> None:
    with pytest.raises(StorageMisconfiguredError, match="no storage"):
        open_store(uri)
