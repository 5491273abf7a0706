"""A study of ten thousand cells: its page, its table and its list are answered within a second."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.large_study import SIDE, a_large_study, end_waiting_cells
from tests.unit.desk import Desk, a_desk

pytestmark = pytest.mark.campaign

# Whatever else the machine does: processor time of one request.
SECONDS = 1.0


@pytest.fixture(scope="module")
def large(migrated_file, tmp_path_factory) -> Iterator[tuple[Desk, str]]:
    """A desk, and the path of a study of which all cells but the first sixteen have ended."""
    with a_desk(migrated_file, tmp_path_factory.mktemp("large")) as desk:
        begun = time.process_time()
        answer = desk.http.post("/studies", json=a_large_study())
        print(f"begun in {time.process_time() - begun:.2f} s of processor time")
        assert answer.status_code == 202, answer.text
        end_waiting_cells(desk.store)
        yield desk, str(answer.headers["Location"])


@pytest.mark.parametrize("path", ["", "/table", "list"])
def test_each_answer_takes_less_than_a_second(large: tuple[Desk, str], path: str):
    desk, study = large
    times: list[float] = []
    for _ in range(3):
        begun = time.process_time()
        answer = desk.http.get("/studies" if path == "list" else f"{study}{path}")
        times.append(time.process_time() - begun)
        assert answer.status_code == 200
    print(path or "page", [round(each, 2) for each in times], f"{len(answer.content):,} bytes")
    assert min(times) < SECONDS
    if path == "/table":
        rows: list[dict[str, Any]] = json.loads(answer.content)["rows"]
        assert len(rows) == SIDE**2
        assert {row["failing"]["count"] for row in rows if row["status"] == "completed"} == {1}
        assert UUID(rows[0]["experiment_ids"][0])
