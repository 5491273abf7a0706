"""Answers are compressed where the caller takes it; what is seen of them afterwards is the same."""

import gzip
import json
from typing import Any

import pyarrow as pa
import pytest

from api.http.compression import MIN_BYTES
from api.http.negotiation import Coding
from tests.builders import a_spec
from tests.unit.desk import Desk

LARGE = ["/catalogue", "/openapi.json", "/static/swagger-ui-bundle.js", "/static/dashboard/theme.css", "/"]


def fetched(desk: Desk, path: str, coding: str | None, **headers: str) -> tuple[Any, bytes]:
    """An answer, and its body with the bytes that were sent."""
    asked = {"Accept-Encoding": coding} if coding is not None else {}
    if coding is None:
        headers["Accept-Encoding"] = ""
    with desk.http.stream("GET", path, headers={**asked, **headers}) as answer:
        raw = b"".join(answer.iter_raw())
    return answer, raw


def decoded(coding: str, raw: bytes) -> bytes:
    """A body's content, read by another implementation than ours where there is one."""
    if coding == "gzip":
        return gzip.decompress(raw)
    read: bytes = pa.CompressedInputStream(pa.BufferReader(raw), "zstd").read()
    return read


@pytest.fixture(scope="module")
def trained(shared_desk: Desk) -> str:
    """An experiment with series of some kilobytes."""
    return shared_desk.trained(a_spec(epochs=200, layers=3))


@pytest.mark.slow
@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_large_answers_are_compressed_and_say_the_same(shared_desk: Desk, trained: str, coding: str):
    calls = [(path, "*/*") for path in LARGE]
    calls += [(f"{trained}/gradients", "application/json"), (f"{trained}/gradients", "text/csv")]
    calls += [
        (f"{trained}/charts/gradients-heatmap.svg", "*/*"),
        ("/experiments?" + "&".join(f"x{each}=1" for each in range(40)), "*/*"),
    ]
    for path, kind in calls:
        plain, expected = fetched(shared_desk, path, None, Accept=kind)
        answer, raw = fetched(shared_desk, path, coding, Accept=kind)
        assert "Content-Encoding" not in plain.headers
        assert "accept-encoding" in plain.headers["Vary"].lower()
        if len(expected) < MIN_BYTES:
            assert raw == expected
            continue
        assert answer.headers["Content-Encoding"] == coding
        assert "accept-encoding" in answer.headers["Vary"].lower()
        assert int(answer.headers.get("Content-Length", len(raw))) == len(raw) < len(expected)
        assert decoded(coding, raw) == expected
        assert answer.status_code == plain.status_code


@pytest.mark.slow
def test_short_answers_files_that_are_compressed_and_streams_are_not(shared_desk: Desk, trained: str):
    for path in ("/livez", f"{trained}/series.npz", f"{trained}/series.parquet", f"{trained}/tensorboard.zip"):
        assert "Content-Encoding" not in fetched(shared_desk, path, "zstd, gzip")[0].headers
    assert "Content-Encoding" not in fetched(shared_desk, f"{trained}/charts/gradients.png", "gzip")[0].headers
    npz, raw = fetched(shared_desk, f"{trained}/gradients", "gzip, identity;q=0", Accept="application/x-npz")
    assert (npz.headers.get("Content-Encoding"), raw[:2]) == (None, b"PK")
    stream, text = fetched(shared_desk, f"{trained}/events", "gzip, identity;q=0")
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    assert "Content-Encoding" not in stream.headers
    assert b"event: done" in text


def test_where_an_answer_as_it_is_is_refused_a_short_one_is_compressed_too(shared_desk: Desk):
    for asked in ("gzip, identity;q=0", "gzip, *;q=0"):
        answer, raw = fetched(shared_desk, "/livez", asked)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert json.loads(gzip.decompress(raw)) == {"status": "alive"}


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZip;q=0.5", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, zstd;q=0.9", "gzip"),
        ("gzip;q=0.2, zstd;q=0.3", "zstd"),
        ("gzip;q=0", None),
        ("gzip;q=0, zstd", "zstd"),
        ("*", "gzip"),
        ("*;q=0", None),
        ("*;q=0, gzip;q=0.1", "gzip"),
        ("br, *;q=0.1", "gzip"),
        ("gzip;q=0, *", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity;q=0", None),
        ("deflate, br", None),
        ("gzip;q=many", None),
        (",,;q=1", None),
    ],
)
def test_the_coding_is_what_the_caller_likes_best(header: str, name: str | None):
    assert Coding.of(header).name == name


@pytest.mark.slow
@pytest.mark.parametrize("coding", [None, "gzip", "zstd"])
def test_what_has_not_changed_is_not_sent_again_whatever_its_coding(shared_desk: Desk, trained: str, coding: str):
    for path in (trained, f"{trained}/gradients", "/catalogue", "/static/swagger-ui.css"):
        first, _ = fetched(shared_desk, path, coding)
        etag = first.headers["ETag"]
        again, raw = fetched(shared_desk, path, coding, **{"If-None-Match": etag})
        assert (again.status_code, raw, again.headers["ETag"]) == (304, b"", etag)
        assert "accept-encoding" in again.headers["Vary"].lower()


def test_two_codings_of_an_answer_have_two_etags(shared_desk: Desk, trained: str):
    for path in (f"{trained}/gradients", "/static/swagger-ui.css"):
        etags = [fetched(shared_desk, path, coding)[0].headers["ETag"] for coding in (None, "gzip", "zstd")]
        strong = {etag for etag in etags if not etag.startswith("W/")}
        assert len(strong) == sum(not etag.startswith("W/") for etag in etags)
        assert not etags[0].startswith("W/")


def test_a_part_of_a_file_is_sent_as_it_is(shared_desk: Desk):
    _, whole = fetched(shared_desk, "/static/swagger-ui.css", None)
    answer, raw = fetched(shared_desk, "/static/swagger-ui.css", "gzip", Range="bytes=5-24")
    assert (answer.status_code, raw, "Content-Encoding" in answer.headers) == (206, whole[5:25], False)


@pytest.mark.slow
def test_the_head_of_a_compressed_answer_is_that_of_the_answer(shared_desk: Desk):
    headers = {"Accept-Encoding": "gzip"}
    head, full = (shared_desk.http.request(method, "/catalogue", headers=headers) for method in ("HEAD", "GET"))
    assert head.content == b""
    for name in ("Content-Encoding", "Content-Length", "ETag", "Vary"):
        assert head.headers[name] == full.headers[name]


@pytest.mark.slow
def test_the_head_of_a_stream_does_not_wait_for_its_first_event(desk: Desk):
    """A stream that leaves out what is stored may have nothing to say for long."""
    import anyio

    path = desk.submit()
    sent: list[Any] = []

    async def listen() -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            await anyio.sleep(60)

        raw = [(b"host", b"localhost"), (b"accept-encoding", b"gzip")]
        scope = {"type": "http", "method": "GET", "path": f"{path}/events", "query_string": b"replay=false"}
        scope |= {"headers": raw, "http_version": "1.1", "scheme": "http", "server": ("localhost", 80), "root_path": ""}
        with anyio.move_on_after(2):
            await desk.http.app(scope, receive, send)

    desk.http.portal.call(listen)
    assert sent[0]["type"] == "http.response.start"
