"""Charts of an experiment's page: the map, the strip, the decision boundary, the signal through time."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.pages import endless

LAYERS = 6  # of the tutorial's third network


def test_a_layer_is_opened_from_the_map_and_from_the_keyboard(reader, trained):
    someone = reader()
    page = someone.go(f"experiment/{trained[1]}")
    page.wait_for_selector("#heatmap canvas.cells:visible")
    box = page.locator("#heatmap canvas.cells").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.5 / LAYERS)
    expect(page.locator("#layer h2").first).to_have_text(f"dense_{LAYERS}")
    expect(page.locator("#layer .u-wrap canvas")).to_have_count(1)
    page.locator(".heat .names button", has_text="dense_2").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#layer h2").first).to_have_text("dense_2")
    page.locator("#heatmap canvas.cells").hover()
    expect(page.locator("#heatmap .readout")).to_contain_text(re.compile(r"dense_\d · epoch \d+ · "))


def test_every_quantity_is_shown_in_the_same_views(reader, trained):
    page = reader().go(f"experiment/{trained[1]}")
    page.wait_for_selector("#heatmap canvas.cells:visible")
    for kind, title in (
        ("weights", "Weights: l2"),
        ("activations", "Activations: std"),
        ("signals", "Back-propagated signals: rms"),
    ):
        page.select_option("#kind", kind)
        expect(page.locator("#heatmap h2")).to_have_text(f"{title}, layer by epoch")
        expect(page.locator("#layers h2")).to_have_text(f"{title}, all layers")
    page.select_option("#seed", "1")
    expect(page.locator("#heatmap .about")).to_contain_text("seed 1")


def test_the_strip_shows_the_network_at_the_epoch_under_the_slider(reader, trained):
    page = reader().go(f"experiment/{trained[0]}")
    page.wait_for_selector("#verdict")
    last = page.locator(".strip small").all_inner_texts()
    page.locator("#epoch").fill("1")
    expect(page.locator("output")).to_have_text("epoch 1")
    assert page.locator(".strip small").all_inner_texts() != last
    assert page.locator(".strip [data-health='critical']").count() >= 1


def test_the_decision_boundary_follows_the_slider_is_pointed_at_and_read_by_keyboard(reader, trained):
    someone = reader()
    page = someone.go(f"experiment/{trained[1]}")
    canvas = page.locator("#boundary canvas.cells")
    expect(canvas).to_have_attribute("data-epoch", "500")
    expect(page.locator("#boundary .about")).to_contain_text("seed 0 · epoch 500, the nearest of 21 that are recorded")
    last = someone.colours("#boundary canvas.cells")
    assert len(set(last)) > 5
    page.locator("#epoch").fill("10")  # the nearest that is recorded is before the first update
    expect(canvas).to_have_attribute("data-epoch", "0")
    first = someone.colours("#boundary canvas.cells")
    assert sum(one != other for one, other in zip(first, last, strict=True)) > len(first) / 4
    told = re.compile(r"Decision boundary of seed 0 at epoch 0: .*class \d \d+ %")
    expect(canvas).to_have_attribute("aria-label", told)
    page.select_option("#boundary-seed", "1")
    expect(page.locator("#boundary .about")).to_contain_text("seed 1 · epoch 0")
    assert someone.colours("#boundary canvas.cells") != first
    canvas.hover()
    expect(page.locator("#boundary .readout")).to_contain_text(
        re.compile(r"at .*, .* · output for class 1: .* · class \d")
    )
    canvas.focus()
    page.keyboard.press("ArrowRight")
    before = page.locator("#boundary .readout").inner_text()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#boundary .readout")).not_to_have_text(before)
    files = page.locator("#boundary .files a")
    assert files.all_inner_texts() == ["JSON", "CSV", "SVG", "PNG", "Samples"]
    with page.expect_download() as saved:
        files.nth(2).click()
    assert b"seed 1" in Path(saved.value.path()).read_bytes()


def test_the_decision_boundary_grows_while_a_network_trains(reader, service):
    spec = endless(name="growing", record={"boundary": 50})
    submitted = service.client.submit(spec)
    page = reader().go(f"experiment/{submitted.id}")
    canvas = page.locator("#boundary canvas.cells")
    expect(canvas).to_have_attribute("data-epoch", re.compile(r"\d+"))
    reached = int(canvas.get_attribute("data-epoch"))
    page.wait_for_function(
        "(reached) => Number(document.querySelector('#boundary canvas').dataset.epoch) > reached + 100", arg=reached
    )
    service.client.cancel(submitted.id)


def test_the_data_are_described(reader, trained):
    data = reader().go(f"experiment/{trained[0]}").locator("#data")
    expect(data).to_contain_text("2 classes")
    expect(data.locator(".shares li")).to_have_count(2)


def test_where_there_is_no_plane_there_is_no_boundary(reader, trained):
    page = reader().go(f"experiment/{trained[2]}")
    expect(page.locator("h2", has_text="the signal through time")).to_be_visible()
    expect(page.locator("#boundary")).to_have_count(0)


def test_recurrent_layers_are_shown_through_time(reader, trained):
    page = reader().go(f"experiment/{trained[2]}")
    expect(page.locator("h2", has_text="the signal through time")).to_be_visible()
