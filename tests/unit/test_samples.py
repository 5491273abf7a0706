"""The table of an uploaded dataset and its stored form."""

from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from core.samples import Column, Table, read_table, write_table


def table() -> Table:
    columns = (
        Column("size / m", np.array([0.5, np.nan, 2.0])),
        Column("who", np.array([0, -1, 1], np.int32), ("Ada", "日本")),
        Column("x", np.arange(24, dtype=np.uint8).reshape(3, 2, 4)),
        Column("yes", np.array([True, False, True])),
    )
    validation = Table(1, {"x": Column("x", np.zeros((1, 2, 4), np.uint8))})
    return Table(3, {each.name: each for each in columns}, validation, {"text": 12_000})


def test_a_table_is_read_as_it_was_written(tmp_path: Path):
    write_table(table(), tmp_path / "samples")
    back, expected = read_table(tmp_path / "samples"), table()
    assert list(back.columns) == list(expected.columns)
    assert (back.rows, back.categories, back.uncategorised) == (3, expected.categories, {"text": 12_000})
    for name, values in expected.arrays.items():
        np.testing.assert_array_equal(back.columns[name].values, values, strict=True)
    assert back.validation is not None
    assert back.validation.rows == 1
    assert back.columns["x"].shape == back.validation.columns["x"].shape == (2, 4)


def test_it_is_a_safetensors_file_whose_values_are_mapped_and_read_only(tmp_path: Path):
    write_table(table(), tmp_path / "samples")
    tensors = safetensors.numpy.load_file(tmp_path / "samples")
    np.testing.assert_array_equal(tensors["2"], table().arrays["x"])
    values = read_table(tmp_path / "samples").columns["x"].values
    assert not values.flags.owndata
    assert values.flags.aligned
    with pytest.raises(ValueError, match="read-only"):
        values[0, 0, 0] = 1


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"F64"', b'"F32"', "as many bytes as its shape has"),
        (b'"F64"', b'"F16"', "a type of BOOL"),
        (b"[0,24]", b"[0,99]", "as many bytes as its shape has"),
    ],
)
def test_a_header_that_lies_is_refused(tmp_path: Path, old: bytes, new: bytes, reason: str):
    write_table(table(), tmp_path / "samples")
    content = (tmp_path / "samples").read_bytes()
    assert old in content
    (tmp_path / "samples").write_bytes(content.replace(old, new))
    with pytest.raises(ValueError, match=reason):
        read_table(tmp_path / "samples")


def test_a_file_that_is_none_is_refused(tmp_path: Path):
    (tmp_path / "samples").write_bytes(b"\xff" * 100)
    with pytest.raises(ValueError, match="longer than the file"):
        read_table(tmp_path / "samples")


def test_columns_have_one_row_count_and_a_type_that_is_stored():
    with pytest.raises(ValueError, match="expected 3 rows"):
        Table(3, {"x": Column("x", np.zeros(2))})
    with pytest.raises(ValueError, match="expected a type"):
        Column("x", np.array(["a"]))
    with pytest.raises(ValueError, match="expected indices"):
        Column("x", np.zeros(2), ("a",))
