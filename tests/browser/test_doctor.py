"""The doctor in the browser: two files are dropped, and the page answers with what is wrong and what cures it."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from bench.doctored import DOCTORED
from tests.browser.pages import REFUSED
from tests.unit.translate.keras_texts import a_dense, a_sequential, an_input, text_of

MINUTES = 240_000  # milliseconds for a training with its treatment beside other tests
CIRCLES = "x1,x2,label\n" + "".join(f"{i / 40 - 1},{(i * 7) % 80 / 40 - 1},{i % 2}\n" for i in range(80))


def test_what_does_not_fit_is_told_beside_the_files(reader, tmp_path: Path):
    model, data = tmp_path / "model.json", tmp_path / "circles.csv"
    model.write_text(text_of(a_sequential(an_input(5), a_dense(1, "out", activation="sigmoid"))))
    data.write_text(CIRCLES)
    someone = reader()
    someone.forgive(REFUSED)
    page = someone.go("doctor")
    examine = page.get_by_role("button", name="Examine")
    expect(examine).to_be_disabled()
    page.set_input_files("#model", {"name": "model.h5", "mimeType": "", "buffer": b"\x89HDF\r\n\x1a\n"})
    page.set_input_files("#data", str(data))
    examine.click()
    expect(page.locator("[role=status] .notice")).to_contain_text("model.h5: expected a .keras file")
    page.set_input_files("#model", str(model))
    examine.click()
    expect(page.locator("[role=status] .notice")).to_contain_text("expected columns that make 5 inputs")
    expect(page.locator("[aria-label=Samples]")).to_contain_text("80 rows, 3 columns")
    assert someone.barriers() == []


@pytest.mark.campaign
def test_two_files_are_dropped_and_the_cure_is_the_answer(reader, tmp_path: Path):
    network, model = DOCTORED[0], tmp_path / "network.keras"
    network.model(model)
    someone = reader()
    page = someone.go("doctor")
    page.set_input_files("#model", str(model))
    page.set_input_files("#data", str(network.data(tmp_path)))
    page.fill("#target", "label")
    page.fill("#epochs", str(network.epochs))
    page.get_by_role("button", name="Examine").click()
    expect(page.locator("#outcome")).to_contain_text("A change is proved to cure it", timeout=MINUTES)
    expect(page.locator("[aria-label=Diagnosis]").first).to_contain_text(network.root_causes[0])
    expect(page.locator("#cure")).to_contain_text("glorot_uniform")
    assert someone.barriers() == []
