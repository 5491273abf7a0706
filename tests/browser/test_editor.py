"""The page on which a spec is written."""

import json

from playwright.sync_api import expect

from tests.browser.pages import AWAY, NARROW, REFUSED


def test_a_spec_is_checked_as_it_is_written(reader):
    someone = reader()
    page = someone.go("new")
    expect(page.locator("#checked h2")).to_have_text("Ready to train")
    page.fill("#spec", someone.spec().replace('"circles"', '"circels"'))
    expect(page.locator("#checked li")).to_contain_text("did you mean circles")
    assert page.locator("#submit").is_disabled()
    expect(page.locator(".cm-lintRange-error")).to_have_text('"circels"')
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    assert someone.barriers() == []
    page.click('text=Use "circles"')
    expect(page.locator("#checked h2")).to_have_text("Ready to train")
    page.click("text=Undo")
    expect(page.locator("#checked h2")).to_have_text("This cannot be trained")
    page.click("text=Redo")
    expect(page.locator("#checked h2")).to_have_text("Ready to train")
    page.fill("#spec", "")
    page.keyboard.type('{"d')
    offered = page.locator(".cm-tooltip-autocomplete li")
    expect(offered).to_have_text('"dataset"required')
    page.keyboard.type("at")
    offered.dispatch_event("mousedown")  # at once: the list is there while a word is written on
    page.wait_for_function("() => document.querySelector('.spec').shadowRoot.textContent.includes('circles')")
    page.fill("#spec", '{\n  "dataset": "circles"\n  "seeds": [0]\n}')
    expect(page.locator("#checked h2")).to_have_text("Not JSON yet")
    page.click("text=line 2")
    page.keyboard.type(",")
    expect(page.locator("#checked li").first).to_contain_text("model")
    someone.forgive(REFUSED)


def test_a_draft_survives_a_reload_and_is_written_without_the_editor_too(reader):
    someone = reader()
    page = someone.go("new")
    expect(page.locator("#draft button")).to_be_hidden()
    page.fill("#spec", someone.spec().replace("five hidden", "six hidden"))
    page.route("**/codemirror.js", lambda route: route.abort())
    page.reload()
    expect(page.locator("#draft")).to_contain_text("Your draft is back.")
    expect(page.locator("#spec-keys")).to_have_text("Plain text: the editor could not be loaded.")
    assert "six hidden" in page.input_value("textarea#spec")
    page.click("[data-recipe='recurrent']")
    expect(page.locator("#checked summary")).to_have_text("2 layers")
    page.keyboard.press("Control+Z")
    assert "six hidden" in page.input_value("textarea#spec")
    page.click("text=Begin anew")
    page.unroute("**/codemirror.js")
    page.reload()
    assert "five hidden" in someone.spec()
    expect(page.locator("#draft button")).to_be_hidden()
    page.focus("#spec")
    page.keyboard.press("Tab")
    assert page.evaluate("() => !document.activeElement.shadowRoot")  # the key leaves the field
    someone.forgive(*AWAY, "ERR_FAILED")


def test_what_a_triage_foretells_stands_beside_the_text_and_a_remedy_is_applied_and_undone(reader, service):
    someone = reader(viewport=NARROW, color_scheme="dark")
    page = someone.go("new/tutorial-2-deep-tanh")
    written = json.loads(someone.spec())
    assert written["seeds"] == [0, 1, 2, 3, 4]
    triage = page.locator("#triage")
    expect(triage.locator(".chain")).to_contain_text("nonzero_mean_initialization")
    assert someone.barriers() == []
    assert page.evaluate("() => document.documentElement.scrollWidth") == NARROW["width"]
    remedies = triage.locator("[data-remedy]")
    best = service.client.triage(written).suggestions[0]
    expect(remedies.first).to_have_attribute("data-remedy", best.remedy)
    remedies.first.click()
    expect(triage).to_contain_text("Nothing stands in the way before the first update.")
    treated = json.loads(someone.spec())
    assert service.client.validate(treated).spec == best.spec
    assert treated["dataset"] == written["dataset"]  # the rest is as it was written
    page.click("text=Undo")
    expect(page.locator("#checked h2")).to_have_text("Ready to train")
    assert json.loads(someone.spec()) == written
