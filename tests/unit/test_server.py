"""Connections that never finish: each is given up in its time, and keeps nobody else from being answered."""

import asyncio
import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from api.cli.serve import _api, _listen
from api.http.server import Connections
from api.http.server.chunks import FREE_CHUNKS, MIN_CHUNK_BYTES
from api.http.server.connections import network
from core.settings import Settings
from core.store import ExperimentStore
from gradlab.errors import Unavailable
from tests.builders import a_spec
from tests.servers import wait_until
from tests.unit.desk import as_json

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "
POST = b"POST /experiments/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HALF_A_BODY = POST + b"Content-Length: 1000\r\n\r\n{"
SOON, LATE = "PT0.1S", "PT60S"
PATIENT = {"header_timeout": LATE, "body_timeout": LATE}

Server = Callable[..., int]


@pytest.fixture
def served(migrated_file: Path, tmp_path: Path) -> Iterator[Server]:
    """Serves the API with some settings, in a thread; gives the port."""
    running: list[tuple[Any, threading.Thread]] = []

    def start(**settings: object) -> int:
        shutil.copy(migrated_file, tmp_path / "gradlab.db")
        chosen = Settings(_env_file=None, data_dir=tmp_path, port=0, **settings)  # type: ignore[arg-type]
        server, listener = _api(chosen), _listen(chosen)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        running.append((server, thread))
        wait_until(lambda: server.started)
        return int(listener.getsockname()[1])

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(30)


def connect(port: int, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), 20)
    connection.sendall(sent)
    return connection


def received(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    pieces = []
    with suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces)


def said(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """Status and problem document of all that comes."""
    head, _, body = received(connection).partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"\r\nConnection: close" in head
    return int(head.split()[1]), json.loads(body)


def is_alive(port: int) -> bool:
    with closing(connect(port, LIVEZ)) as connection:
        return connection.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.slow
def test_a_head_that_does_not_come_is_given_up_and_told_so(served: Server):
    port = served(header_timeout=SOON, body_timeout=LATE)
    with closing(connect(port, HALF_A_HEAD)) as connection:
        status, document = said(connection)
    assert (status, document["detail"]) == (408, "the head of the request was not there in time")


@pytest.mark.slow
def test_a_head_that_comes_byte_by_byte_is_given_up_too(served: Server):
    port = served(header_timeout="PT0.3S")
    with closing(connect(port, HALF_A_HEAD)) as connection:
        connection.settimeout(0.03)
        for _ in range(100):
            with suppress(TimeoutError):
                assert connection.recv(12) == b"HTTP/1.1 408"
                break
            connection.sendall(b"x")
        else:
            pytest.fail("it was waited for all of it")


@pytest.mark.slow
def test_a_body_that_does_not_come_is_given_up_and_told_so(served: Server):
    port = served(header_timeout=LATE, body_timeout=SOON)
    with closing(connect(port, HALF_A_BODY)) as connection:
        status, document = said(connection)
    assert (status, document["instance"]) == (408, "/experiments/validate")
    assert document["detail"] == "the body of the request was not there in time"


@pytest.mark.slow
def test_a_connection_on_which_nothing_is_asked_is_closed(served: Server):
    port = served(header_timeout=SOON)
    with closing(connect(port)) as connection:
        assert received(connection) == b""


@pytest.mark.slow
def test_half_a_request_after_a_whole_one_is_given_up(served: Server):
    port = served(header_timeout=SOON)
    with closing(connect(port, LIVEZ)) as connection:
        answer = b""
        while not answer.endswith(b'{"status":"alive"}'):
            answer += connection.recv(10_000)
        connection.sendall(HALF_A_HEAD)
        assert said(connection)[0] == 408


@pytest.mark.slow
def test_a_request_refused_before_its_body_does_not_stay(served: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.http.server.protocol.LINGER_SECONDS", 0.1)
    port = served(api_key="secret", **PATIENT)
    with closing(connect(port, HALF_A_BODY)) as connection:
        answer = received(connection)
    assert answer.startswith(b"HTTP/1.1 401")


@pytest.mark.slow
@pytest.mark.parametrize("half", [HALF_A_HEAD, HALF_A_BODY])
def test_those_that_wait_longest_give_way_to_new_ones(served: Server, half: bytes):
    port = served(max_connections_per_address=4, **PATIENT)
    held = [connect(port, half)]
    assert is_alive(port)
    held += [connect(port, half) for _ in range(3)]
    for _ in range(3):
        assert is_alive(port)
    status, document = said(held[0])
    assert status == 503
    assert "waited longest" in document["detail"]
    for each in held:
        each.close()


@pytest.mark.slow
def test_the_bound_on_all_connections_holds_too(served: Server):
    port = served(max_connections=3, **PATIENT)
    held = [connect(port, HALF_A_HEAD) for _ in range(10)]
    assert is_alive(port)
    for each in held:
        each.close()


@pytest.fixture
def stream(tmp_path: Path) -> Callable[[int], socket.socket]:
    """Opens the stream of an experiment that waits to be trained."""

    def opened(port: int) -> socket.socket:
        url, lease = f"sqlite:///{tmp_path}/gradlab.db", timedelta(seconds=60)
        with closing(ExperimentStore(url, lease=lease, max_attempts=3)) as store:
            experiment, _ = store.add(a_spec(), idempotency_key="the one")
        head = f"GET /experiments/{experiment.id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
        connection = connect(port, head.encode())
        assert b"text/event-stream" in connection.recv(4096)
        return connection

    return opened


@pytest.mark.slow
def test_streams_never_give_way_and_who_finds_no_place_is_told_so(served: Server, stream):
    port = served(max_connections_per_address=2)
    with closing(stream(port)), closing(stream(port)), closing(connect(port, LIVEZ)) as third:
        status, document = said(third)
    assert status == 503
    assert "as many connections as the service allows" in document["detail"]


@pytest.mark.slow
def test_a_stream_stays_open_beyond_every_bound_in_time(served: Server, stream):
    port = served(header_timeout=SOON, body_timeout=SOON, send_timeout=SOON, keep_alive=SOON)
    with closing(stream(port)) as connection:
        connection.settimeout(2.0)
        with pytest.raises(TimeoutError):
            received(connection)


@pytest.mark.slow
def test_triages_that_wait_for_a_worker_keep_nobody_else_waiting(served: Server, monkeypatch: pytest.MonkeyPatch):
    released = threading.Event()

    def triage(*_: object, **__: object) -> None:
        released.wait(20)
        raise Unavailable("No worker has looked.")

    monkeypatch.setattr("core.use_cases.diagnoses.triage", triage)
    port, text = served(), json.dumps(as_json(a_spec())).encode()
    head = POST.replace(b"validate", b"triage") + f"Content-Length: {len(text)}\r\n\r\n".encode()
    waiting = [connect(port, head + text) for _ in range(60)]
    with closing(connect(port, b"GET /experiments HTTP/1.1\r\nHost: localhost\r\n\r\n")) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    released.set()
    assert waiting[-1].recv(100).startswith(b"HTTP/1.1 503")
    for each in waiting:
        each.close()


def chunked(size: int, count: int) -> bytes:
    chunk = f"{size:x}\r\n".encode() + b" " * size + b"\r\n"
    return POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * count + b"0\r\n\r\n"


@pytest.mark.slow
def test_a_body_in_chunks_of_a_byte_is_refused_before_all_of_it_is_read(served: Server):
    port = served()
    with closing(connect(port, chunked(1, 400_000))) as connection:
        status, document = said(connection)
    assert status == 400
    assert f"less than {MIN_CHUNK_BYTES} bytes" in document["detail"]


@pytest.mark.slow
@pytest.mark.parametrize(("size", "count"), [(1, FREE_CHUNKS), (MIN_CHUNK_BYTES, 3 * FREE_CHUNKS)])
def test_a_body_in_chunks_that_are_few_or_large_enough_is_read(served: Server, size: int, count: int):
    port = served(keep_alive=SOON)
    with closing(connect(port, chunked(size, count))) as connection:
        assert received(connection).startswith(b"HTTP/1.1 422")


@pytest.mark.slow
def test_what_is_no_http_is_told_so(served: Server):
    port = served()
    with closing(connect(port, b"\x16\x03\x01 not for us\r\n\r\n")) as connection:
        assert said(connection)[0] == 400
    with closing(connect(port, HALF_A_HEAD + b"x" * 40_000)) as connection:
        assert said(connection)[0] == 431


@pytest.mark.slow
def test_an_answer_that_nobody_takes_is_broken_off(served: Server):
    port, times = served(send_timeout=SOON, keep_alive=SOON), 40
    asked = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with closing(connect(port, asked)) as connection:
        whole = len(received(connection))
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", port))
    with closing(connection):
        connection.sendall(asked * times)
        threading.Event().wait(2.0)
        assert len(received(connection)) < times * whole


def test_an_ipv6_network_is_one_address():
    assert network("2001:db8:1:2:3:4:5:6") == network("2001:db8:1:2::1%eth0") == "2001:db8:1:2::"
    assert network("2001:db8:1:3::1") != network("2001:db8:1:2::1")
    assert network("::ffff:192.0.2.7") == network("192.0.2.7") == "192.0.2.7"


def test_lacking_descriptors_are_logged_once_in_a_while():
    loop = asyncio.new_event_loop()
    connections = Connections(Settings(_env_file=None))
    failure = {"message": "socket.accept() out of system resource", "exception": OSError(24, "Too many open files")}
    with capture_logs() as logs:
        for _ in range(1000):
            connections.handle_exception(loop, failure)
    loop.close()
    assert [each["event"] for each in logs] == ["accept_failed"]
