"""Both stores behave alike: one list of claims, a folder and a real bucket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from unlearn_job.store import AlreadyExistsError, BadNameError, NotFoundError, Store, open_store
from unlearn_job.store.protocol import checked_name


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.s3)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return open_store(f"file://{tmp_path / 'store'}")
    server = request.getfixturevalue("s3_environment")
    return open_store(f"s3://{server.bucket}/{tmp_path.name}", endpoint=server.endpoint)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Give a file that S3 takes in more than one part."""
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * (36 * 1024))
    return path


def test_what_is_put_is_read(store: Store) -> None:
    store.put("a/b.json", b"{}")
    assert store.read("a/b.json") == b"{}"
    assert store.exists("a/b.json")


def test_files_go_up_and_come_back_whole(store: Store, large: Path, tmp_path: Path) -> None:
    store.put("a/large", large)
    store.download("a/large", tmp_path / "deep" / "back")
    assert (tmp_path / "deep" / "back").read_bytes() == large.read_bytes()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["back"]


def test_put_replaces(store: Store) -> None:
    store.put("x", b"1")
    store.put("x", b"2")
    assert store.read("x") == b"2"


@pytest.mark.parametrize("content", [b"1", b"2"])
def test_put_once_never_overwrites(store: Store, content: bytes, tmp_path: Path) -> None:
    store.put_once("m/manifest.json", b"1")
    (tmp_path / "again").write_bytes(content)
    for source in (content, tmp_path / "again"):
        with pytest.raises(AlreadyExistsError, match=r"manifest\.json"):
            store.put_once("m/manifest.json", source)
    assert store.read("m/manifest.json") == b"1"


def test_of_many_writers_one_wins(store: Store) -> None:
    def write(number: int) -> int | None:
        try:
            store.put_once("m/manifest.json", str(number).encode())
        except AlreadyExistsError:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        winners = [number for number in pool.map(write, range(24)) if number is not None]
    assert [str(number).encode() for number in winners] == [store.read("m/manifest.json")]


def test_a_try_to_write_changes_nothing(store: Store) -> None:
    store.check_writable("m/releases/manifest.json")
    assert store.list("") == ()
    store.put("m/releases/manifest.json", b"1")
    store.check_writable("m/releases/manifest.json")
    assert store.read("m/releases/manifest.json") == b"1"


def test_a_missing_object_is_named(store: Store, tmp_path: Path) -> None:
    store.put("there", b"")
    assert not store.exists("ther")
    with pytest.raises(NotFoundError, match="nowhere"):
        store.read("nowhere")
    with pytest.raises(NotFoundError, match="nowhere"):
        store.download("nowhere", tmp_path / "back" / "x")
    assert not [*(tmp_path / "back").glob("*")]


def test_a_listing_is_sorted_and_stays_in_its_folder(store: Store) -> None:
    for name in ("r/1/b", "r/1/a", "r/10/a", "r/1/c/d"):
        store.put(name, name.encode())
    assert [entry[:2] for entry in store.list("r/1")] == [("r/1/a", 5), ("r/1/b", 5), ("r/1/c/d", 7)]
    assert len(store.list("")) == 4
    assert store.list("nothing") == ()


def test_changed_content_is_another_version(store: Store) -> None:
    store.put("r/x", b"1")
    before = store.list("r")
    assert store.list("r") == before
    store.put("r/x", b"2")
    assert store.list("r")[0].version != before[0].version


def test_a_local_file_that_is_missing_is_an_error(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        store.put("x", tmp_path / "missing")
    assert not store.exists("x")


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a\\b", "./a", "a/", "a\0b"]
)
def test_a_name_cannot_leave_the_store(store: Store, name: str) -> None:
    with pytest.raises(BadNameError):
        checked_name(name)
    with pytest.raises(BadNameError):
        store.put(name, b"")
    with pytest.raises(BadNameError):
        store.read(name)
