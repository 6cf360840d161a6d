from __future__ import annotations

from pathlib import Path

from lab.demo.on_machine import document_of_examples


def test_the_document_is_the_operators_own_on_folders(tmp_path: Path) -> None:
    document = document_of_examples(tmp_path)
    assert [erasure.concept.name for erasure in document.adds] == ["captain comet"]
    assert document.storage.uri == f"file://{tmp_path}/erasure"
    assert "s3://" not in document.to_json()
