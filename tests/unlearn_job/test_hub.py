"""The Hub client against a server that speaks the Hub's protocol on loopback; the Hub itself is not asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from unlearn_job.contract.sources import Storage
from unlearn_job.hub import HubRefusesError, HubUnavailableError, list_repository
from unlearn_job.sources import SourceMissingError, SourceUnsafeError, resolve

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "org/model": {"model_index.json": b"{}", "unet/x.safetensors": b"tensors", "unet/mine.py": b"print(1)"},
    "org/pickles": {"config.json": b"{}", "pytorch_model.bin": b"pickle"},
    "org/empty": {"README.md": b"hello"},
}
STORAGE = Storage(uri="file:///releases")


class Hub(BaseHTTPRequestHandler):
    status = 200
    asked: list[str]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.asked.append(self.path)
        path = self.path.partition("?")[0].removeprefix("/")
        if self.status != 200:
            return self.answer(b"{}", self.status)
        if path.startswith("api/models/"):
            org, name, kind, revision = path.removeprefix("api/models/").split("/")[:4]
            return self.listing(f"{org}/{name}", kind, revision)
        org, name, _, _, *rest = path.split("/")
        content = FILES[f"{org}/{name}"]["/".join(rest)]
        return self.answer(content, 200, ETag=f'"{hashlib.sha1(content).hexdigest()}"')  # noqa: S324

    def listing(self, repository: str, kind: str, revision: str) -> None:
        if repository not in FILES:
            return self.answer(b"{}", 404, **{"X-Error-Code": "RepoNotFound"})
        if revision != COMMIT:
            return self.answer(b"{}", 404, **{"X-Error-Code": "RevisionNotFound"})
        files = [
            {
                "rfilename": name,
                "path": name,
                "type": "file",
                "size": len(content),
                "blobId": name,
                "oid": name,
            }
            for name, content in FILES[repository].items()
        ]
        if kind == "tree":
            return self.answer(json.dumps(files).encode(), 200)
        info = {"id": repository, "sha": COMMIT, "siblings": files}
        return self.answer(json.dumps(info).encode(), 200)

    def answer(self, content: bytes, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"X-Repo-Commit": COMMIT, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[Hub]]:
    handler = type("OneHub", (Hub,), {"asked": [], "status": 200})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_pinned_repository_is_downloaded_without_its_code(hub: type[Hub], tmp_path: Path) -> None:
    folder = resolve(f"hf://org/model@{COMMIT}", tmp_path / "cache", STORAGE)
    assert (folder / "unet" / "x.safetensors").read_bytes() == b"tensors"
    assert (folder / "model_index.json").exists()
    assert not (folder / "unet" / "mine.py").exists()
    assert all(COMMIT in path for path in hub.asked)


def test_pickles_are_refused_before_anything_is_downloaded(hub: type[Hub], tmp_path: Path) -> None:
    with pytest.raises(SourceUnsafeError, match=r"hf://org/pickles.*convert them to safetensors"):
        resolve(f"hf://org/pickles@{COMMIT}", tmp_path / "cache", STORAGE)
    with pytest.raises(SourceMissingError):
        resolve(f"hf://org/empty@{COMMIT}", tmp_path / "cache", STORAGE)
    assert not [path for path in hub.asked if "resolve" in path]


@pytest.mark.usefixtures("hub")
def test_a_repository_or_commit_that_is_not_there_is_permanent() -> None:
    with pytest.raises(HubRefusesError, match="no such repository, or it is private and HF_TOKEN is not set"):
        list_repository("org/nothing", COMMIT)
    with pytest.raises(HubRefusesError, match="no such commit"):
        list_repository("org/model", "f" * 40)


@pytest.mark.parametrize(
    ("status", "error"), [(403, HubRefusesError), (500, HubUnavailableError), (503, HubUnavailableError)]
)
def test_answers_are_mapped_by_their_status(status: int, error: type[Exception], hub: type[Hub]) -> None:
    hub.status = status
    with pytest.raises(error, match=str(status)):
        list_repository("org/model", COMMIT)


def test_a_hub_that_is_down_is_temporary(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port}")
    with pytest.raises(HubUnavailableError, match=f"hf://org/model@{COMMIT[:10]} cannot be reached"):
        list_repository("org/model", COMMIT)
