"""Definitions of traced functions as files: what is damaged, foreign or too much."""

import os
import zlib
from pathlib import Path

import pytest

from core.training import environment, kept_definitions
from core.training.kept_definitions import Definition, key_of, read, write

DEFINITION = Definition((("f_0", b"\n\x00one"), ("g_1", b"")), [1, None, {"kept": 1}], (2, 0))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(environment, "_kept", [tmp_path])
    monkeypatch.setattr(kept_definitions, "_surroundings", lambda: "here")
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


@pytest.mark.parametrize(
    "damaged",
    [b"", b"no such form", zlib.compress(b"[]\n"), zlib.compress(b"{}"), zlib.compress(b'{"key": "k"}\n')],
    ids=["empty", "not compressed", "a list", "no key", "no functions"],
)
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


def test_files_that_were_not_read_for_longest_are_removed_first(folder: Path, monkeypatch: pytest.MonkeyPatch):
    for age, key in enumerate(("new", "older", "oldest")):
        write(key, DEFINITION)
        os.utime(folder / key, (1000 - age, 1000 - age))
    assert read("oldest"), "and has been used now"
    monkeypatch.setattr(kept_definitions, "MAX_BYTES", 7 * (folder / "new").stat().st_size // 2)
    write("next", DEFINITION)
    assert {each.name for each in folder.iterdir()} == {"new", "oldest", "next"}


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").touch()
    for kept in ([tmp_path / "file"], []):
        monkeypatch.setattr(environment, "_kept", kept)
        write("k", DEFINITION)
        assert read("k") is None
