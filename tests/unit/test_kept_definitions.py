"""Definitions of traced functions as files: what is damaged, foreign, outdated or too much."""

import json
import os
import zlib
from pathlib import Path
from typing import Any

import pytest

from core.training import environment, kept_definitions
from core.training.code import Code
from core.training.kept_definitions import Definition, key_of, read, write

DEFINITION = Definition((("f_0", b"\n\x00one"), ("g_1", b"")), [1, None, {"kept": 1}], (2, 0))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(environment, "_kept", [tmp_path])
    monkeypatch.setattr(kept_definitions, "_surroundings", lambda: "here")
    monkeypatch.setattr(kept_definitions, "_unpruned", [kept_definitions.PRUNE_BYTES])
    return tmp_path / "traced"


def test_a_definition_is_read_as_it_was_written(folder: Path):
    write("k", DEFINITION)
    kept = read("k")
    assert kept
    assert (kept.functions, kept.outputs, kept.captured) == (
        DEFINITION.functions,
        DEFINITION.outputs,
        DEFINITION.captured,
    )
    assert [each.name for each in folder.iterdir()] == ["k"]


def a_file(content: bytes = b"one", **changed: Any) -> bytes:
    head = {"key": "k", "functions": [["f", 3]], "outputs": 1, "captured": [0]} | changed
    return zlib.compress(
        json.dumps({name: each for name, each in head.items() if each != "left out"}).encode() + b"\n" + content
    )


DAMAGED = {
    "empty": b"",
    "not compressed": b"no such form",
    "a list": zlib.compress(b"[]\n"),
    "no key": a_file(key="left out"),
    "no functions": a_file(b"", functions=[]),
    "no outputs": a_file(outputs="left out"),
    "nothing said of variables": a_file(captured="left out"),
    "variables that are no list": a_file(captured=None),
    "variables that are no numbers": a_file(captured=["0"]),
    "a variable before the first": a_file(captured=[-1]),
    "too short": a_file(b"on"),
    "too long": a_file(b"ones"),
    "a size below zero": a_file(functions=[["f", 4], ["g", -1]]),
}


def test_a_file_of_the_form_that_others_lack_is_read(folder: Path):
    folder.mkdir()
    (folder / "k").write_bytes(a_file())
    assert read("k")


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED)
def test_a_file_of_another_form_counts_as_missing_and_is_written_anew(folder: Path, damaged: bytes):
    folder.mkdir()
    (folder / "k").write_bytes(damaged)
    assert read("k") is None
    write("k", DEFINITION)
    assert read("k")


def test_a_file_of_another_key_counts_as_missing(folder: Path):
    write("k", DEFINITION)
    (folder / "k").rename(folder / "other")
    assert read("other") is None


def test_a_key_holds_the_code_the_versions_and_the_processor(folder: Path, monkeypatch: pytest.MonkeyPatch):
    before = key_of("f")
    monkeypatch.setattr(kept_definitions, "_surroundings", lambda: "elsewhere")
    assert before != key_of("f") != key_of("g")


def test_nothing_is_written_once_code_is_another_than_was_imported(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (package := folder.parent / "package").mkdir()
    for name in ("one.py", "two.py"):
        (package / name).write_text("old")
    (package / "lock.py").symlink_to("nowhere")
    imported = Code(package)
    monkeypatch.setattr(kept_definitions, "IMPORTED", imported)
    write("before", DEFINITION)
    (package / "one.py").write_text("newer")
    write("after", DEFINITION)
    assert read("before")
    assert not read("after")
    assert Code(package).digest != imported.digest
    (package / "one.py").unlink()
    assert imported.has_changed()


def test_a_key_is_of_the_code_that_was_there_when_the_process_began(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Path, "rglob", lambda *_: pytest.fail("read again"))
    assert environment.IMPORTED.digest in kept_definitions._surroundings.__wrapped__()


def test_files_that_were_not_read_for_longest_are_removed_first(folder: Path, monkeypatch: pytest.MonkeyPatch):
    for age, key in enumerate(("new", "older", "oldest")):
        write(key, DEFINITION)
        os.utime(folder / key, (1000 - age, 1000 - age))
    assert read("oldest"), "and has been used now"
    monkeypatch.setattr(kept_definitions, "MAX_BYTES", 7 * (folder / "new").stat().st_size // 2)
    monkeypatch.setattr(kept_definitions, "PRUNE_BYTES", 1)
    write("next", DEFINITION)
    assert {each.name for each in folder.iterdir()} == {"new", "oldest", "next"}


def test_the_folder_is_looked_at_by_the_first_write_and_once_many_bytes_are_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    def scan(path: Path) -> Any:
        looked.append(written)
        return scandir(path)

    looked: list[int] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", scan)
    for written in range(6):
        write(f"k{written}", DEFINITION)
        monkeypatch.setattr(kept_definitions, "PRUNE_BYTES", 5 * (folder / "k0").stat().st_size // 2)
    assert looked == [0, 3]


def test_a_file_that_cannot_be_removed_keeps_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch):
    write("old", DEFINITION)
    os.utime(folder / "old", (1, 1))
    (folder / "in the way").mkdir()
    os.utime(folder / "in the way", (2, 2))
    (folder / "gone").symlink_to("nowhere")
    monkeypatch.setattr(kept_definitions, "MAX_BYTES", 10)
    monkeypatch.setattr(kept_definitions, "PRUNE_BYTES", 1)
    write("next", DEFINITION)
    assert not (folder / "old").exists()


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").touch()
    for kept in ([tmp_path / "file"], []):
        monkeypatch.setattr(environment, "_kept", kept)
        write("k", DEFINITION)
        assert read("k") is None
