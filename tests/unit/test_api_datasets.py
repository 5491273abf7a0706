"""Datasets over HTTP: received, checked in a child process, answered, used and deleted."""

import gzip
import io
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.samples import read_table
from tests.unit.desk import Desk, a_desk

CSV, NPZ = "text/csv", "application/x-npz"
CIRCLES = "x,y,label\n" + "".join(f"{i / 10},{-i / 7},{'inner' if i % 2 else 'outer'}\n" for i in range(60))


@pytest.fixture(scope="module")
def desk(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One desk for all tests: its child process takes half a second to start."""
    with a_desk(migrated_file, tmp_path_factory.mktemp("desk"), max_dataset_bytes=3_000_000) as opened:
        yield opened


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


@pytest.mark.slow
def test_a_file_becomes_a_dataset_that_is_profiled_and_deleted(desk: Desk):
    answer = desk.upload(CIRCLES, name="circles")
    assert (answer.status_code, answer.json()["status"]) == (202, "checking")
    location = answer.headers["Location"]
    dataset = desk.checked(location)
    assert (dataset["status"], dataset["name"], dataset["rows"]) == ("ready", "circles", 60)
    assert [each["dtype"] for each in dataset["columns"]] == ["float64", "float64", "int32"]
    assert dataset["columns"][2]["categories"] == ["inner", "outer"]
    profile = desk.http.get(f"{location}/profile").json()
    assert profile["proposal"]["target"] == ["label"]
    points = desk.http.get(f"{location}/points").json()
    assert (points["features"], points["target"], points["categories"]) == (["x", "y"], "label", ["inner", "outer"])
    assert points["points"][1] == [0.1, -1 / 7]
    assert points["answers"][:2] == [1, 0]
    again = desk.upload(CIRCLES, name="other")
    assert (again.status_code, again.json()["name"]) == (200, "circles")
    listed = desk.http.get("/datasets").json()["datasets"]
    assert dataset["id"] in [each["id"] for each in listed]
    blob = desk.store.datasets.get(dataset["id"]).blob
    assert blob
    stored = list(desk.settings.blob_dir.glob("*/*"))
    assert [path.name for path in stored] == [blob], "the user's own file is not kept"
    assert read_table(stored[0]).columns["label"].categories == ("inner", "outer")
    assert desk.http.delete(location).status_code == 204
    assert desk.http.get(location).status_code == 404
    assert not stored[0].exists()


@pytest.mark.slow
def test_arrays_keep_their_shapes_and_their_validation_part(desk: Desk):
    arrays = {"x_train": np.zeros((4, 2, 3), np.uint8), "y_train": np.arange(4), "x_test": np.ones((2, 2, 3), np.uint8)}
    answer = desk.upload(npz(**arrays, y_test=np.arange(2)), NPZ)
    dataset = desk.checked(answer.headers["Location"])
    assert (dataset["rows"], dataset["validation_rows"]) == (4, 2)
    assert [(each["name"], each["shape"]) for each in dataset["columns"]] == [("x", [2, 3]), ("y", [])]
    assert dataset["columns"][1]["integers"] == [0, 1, 2, 3]
    assert desk.http.get(f"/datasets/{dataset['id']}/points").status_code == 404


@pytest.mark.parametrize(
    ("content", "media_type", "expected"),
    [
        (b"", CSV, "an empty body"),
        (b"PAR1\x15\x04", "application/x-npz", "Parquet"),
        (b"\x80\x04\x95pickle", CSV, "a pickle"),
        (gzip.compress(b"a,b", mtime=0), CSV, "gzip"),
        (b"a,b\n1,\x00\n", CSV, "bytes that are zero"),
        ("a,a\n1,2\n", CSV, "a name that no other column has"),
        ("=cmd|' /C calc'!A0,b\n1,2\n", CSV, "no formulas"),
        ("a" * 1_500_000, CSV, "lines of at most"),
        (",".join(f"c{i}" for i in range(6_000)), CSV, "6,000 columns"),
        ("a,b\n".encode("utf-16"), CSV, "UTF-16"),
        (b"ARROW1\0\0", "application/vnd.apache.parquet", "Feather"),
        (b"\x89HDF\r\n\x1a\n", "application/vnd.apache.parquet", "HDF5"),
        (npz(x=np.array([object()], object)), NPZ, "never unpickled"),
        (npz(x=np.zeros(3)), CSV, "a ZIP archive"),
    ],
)
def test_a_wrong_file_is_refused_while_it_arrives(desk: Desk, content: bytes | str, media_type: str, expected: str):
    before = desk.http.get("/datasets").json()["datasets"]
    answer = desk.upload(content, media_type)
    assert answer.status_code == 422
    assert expected in answer.json()["detail"]
    assert desk.http.get("/datasets").json()["datasets"] == before


@pytest.mark.slow
def test_a_body_has_its_own_limit_and_its_own_types(desk: Desk):
    assert desk.upload(b"a\n" + b"1\n" * 2_000_000).status_code == 413
    assert "text/csv" in desk.upload(CIRCLES, "application/x-hdf5").json()["detail"]
    assert desk.upload(CIRCLES, "").status_code == 415
    spec = {"content": b"x" * 1_100_000, "headers": {"Content-Type": "application/json"}}
    assert desk.http.post("/experiments", **spec).status_code == 413


@pytest.mark.slow
def test_what_only_reading_shows_is_a_problem_of_the_dataset_and_is_checked_again(desk: Desk):
    answer = desk.upload("a,b\n1,2\n1,2,3\n")
    dataset = desk.checked(answer.headers["Location"])
    assert dataset["status"] == "refused"
    assert dataset["problem"]["detail"] == (
        "(the whole file): expected CSV in UTF-8, with as many fields in each line as in the first; "
        "received 3 fields in line 3, not 2"
    )
    assert desk.upload("a,b\n1,2\n1,2,3\n").status_code == 202
    assert desk.http.get(f"/datasets/{dataset['id']}/profile").status_code == 409


@pytest.mark.slow
def test_a_file_is_received_while_another_is_read(desk: Desk):
    with ThreadPoolExecutor(1) as threads, desk_services(desk).checker.parser._lock:
        answer = threads.submit(desk.upload, "a,b\n5,6\n").result(timeout=30)
    assert answer.status_code == 202
    assert desk.checked(answer.headers["Location"])["status"] == "ready"


@pytest.mark.slow
def test_a_child_that_is_killed_is_replaced(desk: Desk):
    parser = desk_services(desk).checker.parser
    parser.warm()
    first = parser.pid
    assert first
    os.kill(first, 9)
    while parser.pid == first:
        time.sleep(0.01)
    assert desk.checked(desk.upload("a,b\n3,4\n").headers["Location"])["status"] == "ready"
    assert parser.pid not in (None, first)


def desk_services(desk: Desk) -> Any:
    return desk.http.app.state.services  # type: ignore[attr-defined]
