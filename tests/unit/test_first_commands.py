"""First mistakes of a new user: one line says what to do, and the exit status is the documented one."""

import importlib
import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar
from uuid import UUID

import pytest
from typer.testing import CliRunner

from gradlab.cli import actions
from gradlab.cli.exits import Exit
from tests.builders import a_spec
from tests.unit.desk import as_json, client_of

cli = importlib.import_module("gradlab.cli.main")  # its name in the package is that of its entry point
NO_ID = "00000000-0000-4000-8000-000000000000"
ADDRESS = "expected an address such as http://127.0.0.1:8000"
ANOTHER = "it is another program, or a service of another version; name another address with --url or GRADLAB_URL"


class Other(BaseHTTPRequestHandler):
    """Another program: the first part of a path chooses what it answers."""

    ANSWERS: ClassVar = {
        "page": (200, "text/html", b"<html>"),
        "json": (200, "application/json", b'{"items": []}'),
        "moved": (302, "text/html", b""),
        "nothing": (204, "text/plain", b""),
        "proxy": (401, "text/html", b"log in"),
        "problem": (404, "application/problem+json", b'{"code": 7}'),
    }

    def do_GET(self) -> None:
        """Answer."""
        status, media_type, body = self.ANSWERS[self.path.split("/")[1]]
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def other() -> Iterator[str]:
    """The address of another program."""
    server = HTTPServer(("127.0.0.1", 0), Other)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def specs(tmp_path, monkeypatch) -> None:
    """Files with specs in the current folder, most of them with a fault."""
    monkeypatch.chdir(tmp_path)
    good = as_json(a_spec())
    text = json.dumps(good)
    misspelt = good | {"dataset": good["dataset"] | {"kind": "circels"}}
    faults = good | {"seed": 1, "name": 7}
    files = {"misspelt": json.dumps(misspelt), "faults": json.dumps(faults), "good": text}
    for name, content in {**files, "broken": text[:-1], "empty": "", "list": "[1]"}.items():
        (tmp_path / f"{name}.json").write_text(content)


def run(*arguments: str, **environment: str | None):
    """Run a command in an environment without other settings."""
    unset = dict.fromkeys(("GRADLAB_URL", "GRADLAB_HOST", "GRADLAB_PORT", "GRADLAB_API_KEY"))
    return CliRunner().invoke(cli.app, arguments, env={**unset, "COLUMNS": "80", **environment})


def answers(said, status: Exit, *words: str) -> None:
    """Expect one line on standard error alone, with some words, and a status."""
    assert (said.exit_code, said.stdout) == (status, ""), said.output
    assert len(said.stderr.splitlines()) == 1, said.stderr
    assert said.stderr.startswith("gradlab: ")
    for each in words:
        assert each in said.stderr


@pytest.mark.parametrize("command", [("list",), ("submit", "good.json"), ("treat", NO_ID)], ids=" ".join)
def test_where_no_service_is(command, specs):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    expected = (f"{url} does not answer: Connection refused", "start a service there with `gradlab serve`", "--url")
    answers(run(*command, "--url", url), Exit.UNREACHABLE, *expected)
    answers(run(*command, GRADLAB_PORT=str(port)), Exit.UNREACHABLE, *expected)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "localhost:8000", "ftp://lab", "http://", "http://127.0.0.1:99999"])
def test_what_is_no_address(url):
    answers(run("list", "--url", url), Exit.INVALID, "--url or GRADLAB_URL", ADDRESS, f"received {url}")


@pytest.mark.parametrize("answer", Other.ANSWERS)
def test_where_another_program_or_another_version_answers(other, answer):
    status = Other.ANSWERS[answer][0]
    for command in (("list",), ("show", NO_ID)):
        said = run(*command, "--url", f"{other}/{answer}")
        answers(said, Exit.UNREACHABLE, f"answered {status}, and not as this version", ANOTHER)


@pytest.mark.slow
@pytest.mark.parametrize("key", [None, "wrong", "schlüssel"])
def test_without_the_services_key(open_desk, monkeypatch, key):
    client = client_of(open_desk(api_key="right"), key)
    monkeypatch.setattr(actions, "_client", lambda url: client)
    answers(run("list"), Exit.INVALID, "set GRADLAB_API_KEY to the key with which the service was started")


@pytest.mark.slow
def test_a_key_may_have_any_letters(open_desk, monkeypatch):
    client = client_of(open_desk(api_key="schlüssel"), "schlüssel")
    monkeypatch.setattr(actions, "_client", lambda url: client)
    assert run("list", "--json").stdout == "[]\n"


def test_a_key_that_no_header_carries_is_not_shown():
    answers(
        run("list", GRADLAB_API_KEY="sec\nret"), Exit.INVALID, "GRADLAB_API_KEY: expected a key without line breaks"
    )


@pytest.mark.parametrize(
    ("id", "words"),
    [
        (NO_ID, [f"There is no experiment {NO_ID}. `gradlab list` shows"]),
        ("ff", ["id: expected", "`gradlab list` shows them; received ff"]),
        ("latest", ["id: expected", "digits and letters from a to f; received latest"]),
        ("", ["received nothing"]),
        ("ab", ["a beginning that no other id shares", "ab000000-0000-4000-8000-000000000000 (small)"]),
    ],
)
def test_what_is_the_id_of_no_experiment(desk, monkeypatch, id, words):
    for last in "01":
        it = UUID(f"ab000000-0000-4000-8000-00000000000{last}")
        monkeypatch.setattr("core.store.adding.uuid4", lambda it=it: it)
        desk.store.add(a_spec())
    client = client_of(desk)
    monkeypatch.setattr(actions, "_client", lambda url: client)
    answers(run("show", id), Exit.INVALID, *words)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("none.json", ["none.json: expected a file with a spec; received No such file or directory"]),
        (".", ["expected a file with a spec; received Is a directory"]),
        ("broken.json", ["broken.json: expected JSON (EOF while parsing an object at line 1 column "]),
        ("empty.json", ["empty.json: expected JSON"]),
        ("list.json", ["list.json: expected"]),
        ("misspelt.json", ["dataset: expected one of", "(did you mean circles?); received 'circels'"]),
    ],
)
def test_a_file_without_a_valid_spec(specs, file, words):
    for command in ("submit", "validate", "triage"):
        answers(run(command, file), Exit.INVALID, *words)


def test_each_of_several_faults_has_its_line(specs):
    said = run("submit", "faults.json")
    assert said.exit_code == Exit.INVALID
    heading, *lines = said.stderr.splitlines()
    assert heading == "gradlab: invalid input:"
    assert [line.split(":")[0] for line in lines] == ["  name", "  seed"]


def test_an_address_with_a_path_that_the_service_does_not_know(desk, monkeypatch):
    client = client_of(desk)
    ask = client._http.request
    monkeypatch.setattr(client._http, "request", lambda method, path, **more: ask(method, f"/dashboard{path}", **more))
    monkeypatch.setattr(actions, "_client", lambda url: client)
    answers(run("list"), Exit.INVALID, "the service does not know this path; --url and GRADLAB_URL name an address")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("lst",), "Did you mean 'list'?"),
        (("list", "--sarch", "tanh"), "--search"),
        (("submit",), "Missing argument 'spec'"),
        (("list", "--status", "asleep"), "'completed'"),
    ],
    ids=" ".join,
)
def test_wrong_usage_has_the_usual_form(command, words):
    said = run(*command, COLUMNS="200")
    assert said.exit_code == Exit.INVALID
    assert "Usage: " in said.stderr
    assert words in said.stderr
