"""The pages of uploaded datasets."""

import math
import re

from playwright.sync_api import expect

from tests.browser.pages import REFUSED


def test_a_file_becomes_a_dataset_whose_profile_is_drawn(reader, tmp_path):
    circles, ragged = tmp_path / "drawn.csv", tmp_path / "ragged.csv"
    turns = [(math.cos(i), math.sin(i), 1 + i % 2) for i in range(80)]
    lines = [f"{radius * x},{radius * y},{'inner' if radius == 1 else 'outer'}" for x, y, radius in turns]
    circles.write_text("\n".join(["x,y,label", *lines]))
    ragged.write_text("a,b\n1,2\n1,2,3\n")
    someone = reader()
    someone.forgive(REFUSED)
    page = someone.go("datasets")
    page.set_input_files("#file", str(circles))
    expect(page.locator("h1")).to_have_text("drawn.csv")
    expect(page.locator("[aria-label=Points] canvas")).to_have_attribute(
        "aria-label", "80 rows by x and y, coloured by label"
    )
    expect(page.locator("[aria-label=Points]")).to_contain_text("outer")
    assert len(set(someone.colours("[aria-label=Points] canvas"))) > 2
    expect(page.locator(".bars")).to_have_count(2)
    expect(page.locator(".proposal")).to_contain_text("label has 2 distinct values")
    expect(page.locator("[aria-label=Warnings]")).to_contain_text("Text labels")
    assert someone.barriers() == []
    page = someone.go("datasets")
    page.set_input_files("#file", str(ragged))
    expect(page.locator("[aria-label=Refused]")).to_contain_text("3 fields in line 3, not 2")
    page = someone.go("datasets")
    sent = page.locator("tr[data-id]", has_text=re.compile("drawn.csv|ragged.csv"))
    expect(sent).to_have_count(2)
    page.set_input_files("#file", {"name": "model.pkl", "mimeType": "", "buffer": b"x"})
    expect(page.locator("[role=status] .notice")).to_contain_text("received model.pkl")
    assert someone.barriers() == []
    sent.get_by_role("link", name="drawn.csv").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    expect(sent).to_have_count(1)
