"""The pages of studies: one is begun from a recipe, paused, continued, watched, and its cells are read and compared."""

import re

from playwright.sync_api import expect

from gradlab.schemas.status import StudyStatus
from tests.browser.pages import NARROW


def test_a_recipe_is_begun_paused_continued_and_its_cells_are_opened_and_compared(reader, service):
    someone = reader()
    page = someone.go("studies")
    page.click("[data-recipe='xavier']")
    page.fill("#seeds", "0")
    refusal = "seeds: expected a whole number from 1 to 10,000, received 0"
    expect(page.locator("#begin .notice.bad")).to_have_text(refusal)
    page.fill("#seeds", "1")
    page.fill("#epochs", "3")
    expect(page.locator("#study-check")).to_contain_text("trainings2")
    tables: list[str] = []
    page.on("request", lambda request: tables.append(request.url) if request.url.endswith("/table") else None)
    page.click("#begin-study")
    page.wait_for_url(re.compile("#/study/"))
    (begun,) = service.client.studies()
    page.click("#pause")
    expect(page.locator("#status")).to_have_text("paused")
    page.click("#continue")
    expect(page.locator("#status")).to_have_text("completed")
    expect(page.locator("#connection")).to_have_text("")
    assert len(tables) <= 2  # one, and another where the stream came late: cells come as events
    study = service.client.study(begun.id)
    assert (study.status, study.progress.trainings_done) == (StudyStatus.completed, 2)
    _read_cells(someone, [cell.experiment_ids[0] for cell in service.client.study_table(begun.id).rows])
    page = someone.go("studies")
    expect(page.locator(f"tr[data-id='{begun.id}'] .tag")).to_have_text("completed")


def _read_cells(someone, ids) -> None:
    page = someone.page
    expect(page.locator("#table tbody tr")).to_have_count(2)
    expect(page.locator("#pictures canvas")).to_have_attribute("aria-label", re.compile("."))
    box = page.locator("#map").bounding_box()
    for i in range(2):
        page.click("#map", position={"x": box["width"] * (i + 0.5) / 2, "y": box["height"] / 2})
        expect(page.locator("#cell a.button")).to_have_attribute("href", f"#/experiment/{ids[i]}")
        page.click("#keep")
    expect(page.locator("#compare")).to_have_attribute("href", f"#/compare/{ids[0]},{ids[1]}")
    before = someone.colours("#map")
    page.select_option("#column", "metric")
    assert someone.colours("#map") != before
    assert someone.barriers() == []
    with page.expect_download() as download:
        page.click("#table .files >> text=CSV")
    assert download.value.suggested_filename.endswith("-table.csv")
    page.set_viewport_size(NARROW)
    assert page.evaluate("() => document.documentElement.scrollWidth") == NARROW["width"]
    page.set_viewport_size({"width": 1280, "height": 900})
    page.focus("#map")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"#/experiment/{ids[0]}"))
