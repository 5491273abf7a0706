"""Files of tensors: written, mapped, and checked while they arrive."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from core.weights import WeightsCheck
from gradlab.errors import Invalid
from gradlab.tensor_file import map_tensors, parse_header, write_tensors

TENSORS = {
    "dense_1/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "dense_1/bias": np.zeros(3, np.float32),
    "empty/kernel": np.zeros((0, 3), np.float32),
    "attention/scale": np.array(2, np.float32),
    "turned/kernel": np.arange(6, dtype=np.float32).reshape(2, 3).T,
}


def a_file(header: object, numbers: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + numbers


def an_entry(shape=(2,), begin=0, end=8, dtype="F32", **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end], **more}


def checked(content: bytes, piece: int = 1_000_000) -> WeightsCheck:
    check = WeightsCheck()
    for begin in range(0, len(content), piece):
        check.feed(content[begin : begin + piece])
    check.end()
    return check


def test_what_is_written_is_what_the_formats_own_library_reads(tmp_path: Path):
    write_tensors(TENSORS, tmp_path / "ours")
    read = load_file(tmp_path / "ours")
    assert read.keys() == TENSORS.keys()
    for name, values in TENSORS.items():
        np.testing.assert_array_equal(read[name], values)
    save_file(TENSORS, tmp_path / "theirs", metadata={"of": "them"})
    tensors, metadata = map_tensors(tmp_path / "theirs")
    assert metadata == {"of": "them"}
    np.testing.assert_array_equal(tensors["dense_1/kernel"], TENSORS["dense_1/kernel"])
    with pytest.raises(ValueError, match="read-only"):
        tensors["dense_1/bias"][0] = 1


@pytest.mark.parametrize("piece", [1, 7, 1_000_000])
def test_a_file_is_checked_in_pieces_of_any_size(tmp_path: Path, piece: int):
    write_tensors(TENSORS, tmp_path / "weights")
    entries = checked((tmp_path / "weights").read_bytes(), piece).entries
    assert {name: entry.shape for name, entry in entries.items()} == {k: v.shape for k, v in TENSORS.items()}


NAN = np.array([1, np.nan], np.float32).tobytes()
REFUSED = {
    "an empty body": (b"", "an empty body"),
    "a pickle": (b"\x80\x04\x95" + b"x" * 50, "a header of at most"),
    "a zip": (b"PK\x03\x04" + b"\0" * 50, "a header of at most"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + b"\0" * 50, "a header of at most"),
    "cut off in its header": (a_file({"a/b": an_entry()})[:30], "cut off"),
    "cut off behind it": (a_file({"a/b": an_entry()}, b"\0" * 7), "8 bytes of tensors; received 7"),
    "longer than it says": (a_file({"a/b": an_entry()}, b"\0" * 9), "8 bytes of tensors; received more"),
    "no tensor": (a_file({}), "no tensor"),
    "no object": (a_file(b"[1, 2]  "), "JSON"),
    "another encoding": (a_file(json.dumps({"a/b": an_entry()}).encode("utf-16-le"), b"\0" * 8), "JSON"),
    "a name twice": (a_file(b'{"a/b": 1, "a/b": 2}'), "each name once"),
    "deep nesting": (a_file(b'{"a":' + b"[" * 100_000), "JSON"),
    "a gap": (a_file({"a/b": an_entry(begin=8, end=16)}, b"\0" * 16), "one behind another"),
    "an overlap": (a_file({"a/b": an_entry(), "a/c": an_entry(begin=4, end=12)}, b"\0" * 12), "one behind another"),
    "a false size": (a_file({"a/b": an_entry(shape=(3,))}, b"\0" * 8), "as many bytes as its shape"),
    "a huge shape": (a_file({"a/b": an_entry(shape=(2**62, 2**62))}), "whole numbers"),
    "a negative size": (a_file({"a/b": an_entry(shape=(-2, -1))}, b"\0" * 8), "whole numbers"),
    "another type": (a_file({"a/b": an_entry(dtype="F64", shape=(1,))}, b"\0" * 8), "tensors of float32"),
    "an unknown type": (a_file({"a/b": an_entry(dtype="OBJ")}, b"\0" * 8), "a type of"),
    "further fields": (a_file({"a/b": an_entry(code="x")}, b"\0" * 8), "dtype, shape and data_offsets"),
    "no layer": (a_file({"kernel": an_entry()}, b"\0" * 8), "LAYER/TENSOR"),
    "control characters": (a_file({"a\n/b": an_entry()}, b"\0" * 8), "LAYER/TENSOR"),
    "not a number": (a_file({"a/b": an_entry()}, NAN), "finite numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_anything_else_is_refused(case: str):
    content, expected = REFUSED[case]
    with pytest.raises(Invalid) as error:
        checked(content)
    assert expected in str(error.value.problems[0])
    if len(content) < 1_000:
        with pytest.raises(Invalid):
            checked(content, 3)


def test_a_file_that_is_cut_off_is_not_mapped(tmp_path: Path):
    file = tmp_path / "weights"
    write_tensors(TENSORS, file)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    with pytest.raises(ValueError, match="cut off"):
        map_tensors(file)
    file.write_bytes(whole[:20])
    with pytest.raises(ValueError, match="longer than the file"):
        map_tensors(file)
    with pytest.raises(ValueError, match="texts in"):
        parse_header(b'{"__metadata__": {"a": 1}}')
