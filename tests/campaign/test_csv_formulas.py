"""Names that a spreadsheet would calculate, sent with a training and read back as CSV."""

import csv
import io
import math

import httpx2
import numpy as np
import pytest

from gradlab.series.files import FORMULA_STARTS, to_csv
from tests.builders import an_external_spec, measured
from tests.unit.test_api_external import body

FORMULAS = ['=HYPERLINK("http://elsewhere.example","look")', "+1+1", "-2+3", "@SUM(1)", "＝1+1", "-0.5"]
KINDS = ("history", "gradients", "weights", "activations", "signals", "histograms", "histograms?of=weights")


def is_number(cell: str) -> bool:
    """True of what a spreadsheet reads as a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def cells(text: str) -> list[list[str]]:
    """The rows of a table without its head."""
    return list(csv.reader(io.StringIO(text)))[1:]


def test_no_cell_of_any_table_is_calculated(live_api: str):
    """Whoever sends a training chooses the names of its layers, parameters and metrics."""
    plain = an_external_spec(epochs=2, layers=len(FORMULAS), record={kind.partition("?")[0]: 1 for kind in KINDS[1:]})
    layers = [
        each.model_copy(update={"name": name, "parameters": (each.parameters[0].model_copy(update={"name": name}),)})
        for each, name in zip(plain.layers, FORMULAS, strict=True)
    ]
    spec = plain.model_copy(update={"layers": tuple(layers), "metrics": ("loss", *FORMULAS)})
    made = httpx2.post(
        f"{live_api}/experiments", content=spec.canonical(), headers={"Content-Type": "application/json"}
    )
    assert made.status_code == 202, made.text
    path = f"{live_api}{made.headers['Location']}"
    sent = httpx2.put(f"{path}/runs/0/series", json=body(measured(spec, 0, 0, 3)))
    assert sent.status_code == 200, sent.text
    tables = {kind: httpx2.get(f"{path}/{kind}", headers={"Accept": "text/csv"}, params=None) for kind in KINDS}
    shown = set()
    for kind, table in tables.items():
        assert table.status_code == 200, (kind, table.text)
        for row in cells(table.text):
            assert is_number(row[-1]), (kind, row)  # the value has stayed one
            for cell in row:
                assert is_number(cell) or not cell.startswith(FORMULA_STARTS), (kind, cell)
                shown.add(cell)
    assert {f"'{name}" for name in FORMULAS} <= shown


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_text_that_begins_like_a_formula_becomes_text(start: str):
    assert to_csv([(f"{start}1", f"a{start}")]).lstrip('"').startswith(f"'{start}1")


def test_numbers_stay_numbers():
    numbers = [-0.5, np.float32(-1e-30), -7, -math.inf, math.nan, None]
    ((*row,),) = csv.reader(io.StringIO(to_csv([tuple(numbers)])))
    assert row == ["-0.5", str(np.float32(-1e-30)), "-7", "-inf", "nan", ""]
