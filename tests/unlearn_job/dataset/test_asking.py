from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from unlearn_job.contract.concept import ConceptKind
from unlearn_job.dataset.asking import (
    KEY_VARIABLE,
    TRIES,
    LanguageModelRefusesError,
    LanguageModelUnavailableError,
    ask_templates,
    templates_in,
)


class Server:
    """A language model of one answer."""

    def __init__(self) -> None:
        self.status = 200
        self.answer: Any = completion('1. a photo of {} in the rain\n- {} at sea\nno slot\n"{} and {}"')
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []


def completion(text: str) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": text}}]}


@pytest.fixture
def server() -> Iterator[Any]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.asked.append((self.path, dict(self.headers), body))
            answer = json.dumps(state.answer).encode()
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_port}/v1"  # type: ignore[attr-defined]
    try:
        yield state
    finally:
        http.shutdown()
        thread.join(10)
        http.server_close()


def test_an_answer_becomes_templates(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "secret")
    found = ask_templates(server.url, "small", ConceptKind.CHARACTER, 2, seed=3)
    assert found == ("a photo of {} in the rain", "{} at sea")
    ((path, headers, body),) = server.asked
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer secret"
    assert (body["model"], body["seed"]) == ("small", 3)
    assert "2 prompts" in body["messages"][0]["content"]
    assert "a fictional character" in body["messages"][0]["content"]


def test_it_asks_again_where_lines_are_missing(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    assert len(ask_templates(server.url, "small", ConceptKind.STYLE, 5, seed=0)) == 2
    assert [body["seed"] for _, _, body in server.asked] == list(range(TRIES))
    assert "Authorization" not in server.asked[0][1]


@pytest.mark.parametrize(
    ("status", "answer", "error", "sentence"),
    [
        (401, {}, LanguageModelRefusesError, "refuses with 401; check OPENAI_API_KEY"),
        (404, {}, LanguageModelRefusesError, "refuses with 404"),
        (429, {}, LanguageModelUnavailableError, "answers 429"),
        (503, {}, LanguageModelUnavailableError, "answers 503"),
        (200, {"choices": []}, LanguageModelRefusesError, "answers with no chat completion"),
        (200, [], LanguageModelRefusesError, "answers with no chat completion"),
        (
            200,
            completion("I cannot do that."),
            LanguageModelRefusesError,
            "without one line that holds {} once",
        ),
    ],
)
def test_every_other_answer_has_its_sentence(
    status: int, answer: Any, error: type[Exception], sentence: str, server: Any
) -> None:
    server.status, server.answer = status, answer
    with pytest.raises(error) as raised:
        ask_templates(server.url, "small", ConceptKind.OBJECT, 2, seed=0)
    assert sentence in str(raised.value)


def test_nobody_there_is_temporary(free_port: int) -> None:
    with pytest.raises(LanguageModelUnavailableError, match="cannot be reached"):
        ask_templates(f"http://127.0.0.1:{free_port}", "small", ConceptKind.OBJECT, 2, seed=0)


def test_too_long_a_line_is_no_template() -> None:
    assert list(templates_in(f"{{}} {'x' * 200}\n{{}} on a hill")) == ["{} on a hill"]
