"""Readers of users' files, and the checks of their first bytes: what they refuse, and what they do not."""

import zipfile
from pathlib import Path

import pytest

from core.samples.archives import read_npz
from core.samples.heads import HeadCheck
from core.samples.limits import check_formula
from core.samples.zip_entries import EntryReader
from gradlab.errors import Invalid
from gradlab.schemas.datasets import FileFormat


def test_an_entry_is_read_to_its_declared_size_and_a_header_to_its_bound(tmp_path: Path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 1_000_000)
    with zipfile.ZipFile(path) as archive:
        (entry,) = archive.infolist()
    entry.file_size = 100
    with path.open("rb") as file:
        reader = EntryReader(file, entry)
        assert len(reader.read(2**32 - 1)) == 100
        with pytest.raises(zipfile.BadZipFile, match="another size"):
            reader.end()
    with pytest.raises(Invalid, match="a header of 4,294,967,295 bytes"):
        read_npz(path, 10_000_000)


@pytest.mark.parametrize("name", ["PARENT", "PAR1", "FEA1", "ARROW1"])
def test_a_csv_file_may_begin_with_letters_that_are_another_formats(name: str):
    check = HeadCheck(FileFormat.csv)
    check.feed(f"{name},x\n1,2\n".encode())
    check.end()
    with pytest.raises(Invalid):
        HeadCheck(FileFormat.npz).feed(f"{name},x\n1,2\n".encode())


@pytest.mark.parametrize(
    "text",
    ["+1 (555) 010-9999", "@user thanks!", "-1 (unknown)", "-log10(p)", "+", "- yes | no!", "a=b(c)", "@home (work)"],
)
def test_ordinary_texts_are_no_formulas(text: str):
    check_formula(text, "column 1")


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://x")',
        "=cmd|' /C calc'!A0",
        " =Sheet2!A1",
        "@SUM(A1)",
        "+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        "@cmd|'/C calc'!A0",
    ],
)
def test_what_a_spreadsheet_would_execute_is_refused(text: str):
    with pytest.raises(Invalid, match="no formulas"):
        check_formula(text, "column 1")


@pytest.mark.slow
def test_categories_are_those_that_occur():
    import pyarrow as pa

    from core.samples.arrow import table_from_arrow

    who = pa.DictionaryArray.from_arrays(pa.array([2, 0, None, 2], pa.int8()), ["b", "gone", "a", "away"])
    plain = pa.array(["y", None, "x", "y"])
    columns = table_from_arrow(pa.table({"who": who, "plain": plain}), 1_000).columns
    assert (columns["who"].categories, columns["who"].values.tolist()) == (("a", "b"), [0, 1, -1, 0])
    assert (columns["plain"].categories, columns["plain"].values.tolist()) == (("x", "y"), [1, -1, 0, 1])
    many = pa.DictionaryArray.from_arrays(pa.array([7, 11_000], pa.int32()), [f"{i:05}" for i in range(12_000)])
    assert table_from_arrow(pa.table({"many": many}), 1_000).columns["many"].categories == ("00007", "11000")
