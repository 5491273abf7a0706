"""Damaged files, hundreds of them: the reader's process refuses or reads each, and none ends it."""

import os
import random
from pathlib import Path

import numpy as np
import pytest

from core.samples import read_table
from core.samples.parser import Parser
from gradlab.errors import Invalid
from gradlab.schemas.datasets import FileFormat
from tests.hostile_files import npz, of_table

FILES = 400
ROWS = 300


def whole() -> dict[FileFormat, list[bytes]]:
    """Good files of each format."""
    random_numbers = np.random.default_rng(0)
    x, y = random_numbers.normal(size=(ROWS, 3)), random_numbers.integers(0, 3, ROWS)
    texts = [f"t{each}" for each in y]
    lines = [f"{a},{b},{c},{text}" for (a, b, c), text in zip(x, texts, strict=True)]
    return {
        FileFormat.csv: ["\n".join(["a,b,c,text", *lines]).encode()],
        FileFormat.parquet: [of_table(a=x[:, 0], b=y, text=texts), of_table(a=x[:, 1].astype("f4"), when=y)],
        FileFormat.npz: [
            npz(x=x, y=y),
            npz(x=x.astype("f2"), y=np.array(texts), x_val=x[:5], y_val=np.array(texts[:5])),
        ],
    }


def damaged(content: bytes, chance: random.Random) -> bytes:
    """A file with some of its bytes changed, moved, doubled or cut off."""
    changed = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 8, 64])):
        place = chance.randrange(len(changed))
        kind = chance.randrange(5)
        if kind == 0:
            changed[place] = chance.randrange(256)
        elif kind == 1:
            changed[place : place + 4] = chance.randbytes(4)
        elif kind == 2:
            changed[place:place] = changed[place : place + chance.randrange(1, 200)]
        elif kind == 3 and len(changed) > 100:
            del changed[place : place + chance.randrange(1, 50)]
        else:
            changed[place : place + 4] = chance.choice([b"\xff" * 4, b"\0" * 4, b"\xff\xff\xff\x7f"])
    return bytes(changed)


@pytest.mark.campaign
@pytest.mark.parametrize("format", FileFormat)
def test_no_damaged_file_ends_the_reader(format: FileFormat, tmp_path: Path):
    chance, parser = random.Random(19), Parser(5_000_000, os.environ)
    parser.warm()
    first, outcomes = parser.pid, {"ready": 0, "refused": 0}
    for _ in range(FILES):
        (tmp_path / "file").write_bytes(damaged(chance.choice(whole()[format]), chance))
        try:
            parsed = parser.parse(tmp_path / "file", format, tmp_path / "table")
        except Invalid as refused:
            outcomes["refused"] += all(len(str(each)) < 1_000 for each in refused.problems)
        else:
            assert read_table(tmp_path / "table").rows == parsed.table["rows"]
            outcomes["ready"] += 1
        assert parser.pid == first, (tmp_path / "file").read_bytes()
    parser.close()
    assert sum(outcomes.values()) == FILES
    assert outcomes["refused"] > FILES / 4, outcomes
