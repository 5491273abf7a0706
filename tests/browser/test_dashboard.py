"""The dashboard in a real browser, against a real service, worker and training."""

import json
import math
import re
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import expect

from core.records import TreatmentRecord
from core.store import ExperimentStore
from gradlab.errors import DiskFull
from gradlab.schemas.status import Status, TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest
from gradlab.spec.experiment import parse
from tests.browser.pages import AWAY, NARROW, REFUSED
from tests.builders import MINUTE, a_spec, an_external_spec, measured
from tests.unit.diagnosis.histories import a_network, a_run, dense
from tests.unit.diagnosis.sent import as_sent
from tests.unit.treatment.worlds import a_treatment, to_the_end

ROOT = Path(__file__).parents[2]
LAYERS = 6  # of the tutorial's third network
UNANSWERED = "The service does not answer."


def endless(**more):
    """A training that outlasts any test."""
    return a_spec(training=a_spec().training.model_dump(mode="json") | {"epochs": 50_000}, **more)


@pytest.fixture(scope="module")
def trained(service) -> list[str]:
    """The tutorial's tanh and relu networks and a recurrent one, trained."""
    names = ("tutorial-2-deep-tanh", "tutorial-3-deep-relu")
    specs = [
        parse((ROOT / "examples" / f"{name}.json").read_bytes()).model_copy(update={"seeds": (0, 1)}) for name in names
    ]
    steps = {"kind": "adding", "samples": 64, "length": 12, "train_size": 32, "seed": 1}
    loss = {"loss": "mean_squared_error", "optimizer": "adam", "epochs": 12, "batch_size": 16}
    network = {"layers": [{"kind": "simple_rnn", "units": 4}, {"kind": "dense", "units": 1}]}
    specs.append(a_spec(name="recurrent", dataset=steps, model=network, training=loss))
    ids = [service.client.submit(spec).id for spec in specs]
    assert [service.client.wait(each).status for each in ids] == [Status.completed] * 3
    return [str(each) for each in ids]


def test_a_recipe_is_trained_watched_while_it_grows_and_cancelled(reader, service):
    someone = reader()
    page = someone.go("new")
    page.wait_for_selector("#submit:not([disabled])")
    page.uncheck("#five-seeds")
    page.click("[data-recipe='tutorial-3-deep-relu']")
    spec = json.loads(someone.spec())
    assert spec["seeds"] == [0]
    spec["training"]["epochs"], spec["name"] = 50_000, "watched"
    page.fill("#spec", json.dumps(spec))
    page.click("#submit:not([disabled])")
    page.wait_for_selector("#heatmap canvas.cells:visible")
    expect(page.locator(".heat .names button")).to_have_count(LAYERS)
    before = someone.colours()
    assert len(set(before)) > 5
    epochs = page.locator(".facts dd").first
    reached = int(epochs.inner_text().split("/")[0])
    page.wait_for_function(
        "(reached) => Number(document.querySelector('.facts dd').textContent.split('/')[0]) > reached + 200",
        arg=reached,
    )
    page.wait_for_function("() => document.querySelector('.heat .axis span:last-child').textContent > 0")
    after = someone.colours()
    assert sum(one != other for one, other in zip(before, after, strict=True)) > len(before) / 4
    canvas = page.locator("#heatmap canvas.cells").element_handle()
    assert canvas.evaluate("(canvas) => canvas.isConnected")  # it was redrawn, not replaced: nothing flickers
    expect(page.locator("#connection")).to_have_text("live")
    page.click("#cancel")
    page.click("dialog button.danger")
    expect(page.locator("#status")).to_have_text("cancelled")
    page.wait_for_selector("#verdict")


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


def test_two_experiments_are_compared_what_differs_first(reader, trained):
    someone = reader()
    page = someone.go("")
    for each in trained[:2]:
        page.check(f"tr[data-id='{each}'] input")
    page.click("text=Compare 2")
    page.wait_for_selector("#maps canvas.cells")
    expect(page.locator("main section h2").first).to_have_text("Verdicts, and the last epoch")
    expect(page.locator("[aria-label=Results] tbody tr").first.locator("td").first).to_contain_text("ill")
    expect(page.locator(".differs td", has_text="activation.kind").first).to_be_visible()
    assert page.locator("#maps canvas.cells").count() == 2
    maps = [someone.colours(f"#maps section:nth-child({n}) canvas.cells") for n in (1, 2)]
    assert maps[0] != maps[1]


def test_a_finding_shows_its_evidence_and_a_remedy_is_trained_and_compared(reader, service, trained):
    someone = reader()
    page = someone.go(f"experiment/{trained[0]}")
    page.click("summary:has-text('What may help')")
    said = page.locator(".chain")
    expect(page.locator(".evidence li").first).to_be_visible()
    diagnosis = service.client.diagnosis(trained[0])
    root = next(each for each in diagnosis.findings if each.rule == diagnosis.root_cause)
    expect(said).to_contain_text(root.explanation)
    expect(said.locator(".measures li").first).to_contain_text(root.measures[0].name.replace("_", " "))
    assert someone.barriers() == []
    best = diagnosis.suggestions[0]
    page.click(f"[data-remedy='{best.remedy}']")
    page.wait_for_url(re.compile(f"#/compare/{trained[0]},"))
    page.wait_for_selector("#maps section:nth-child(2) canvas.cells")
    treated = service.client.get(page.url.split(",")[-1])
    assert treated.spec == best.spec


def test_the_tutorial_is_one_click_away_and_made_once(reader):
    someone = reader()
    for _ in range(2):
        page = someone.go("")
        page.click("#tutorial")
        page.wait_for_url(re.compile("#/compare/"))
    page = someone.go("")
    page.fill("#search", "hidden tanh")
    page.wait_for_function(
        """() => {
            const names = [...document.querySelectorAll("tbody a.name")].map((each) => each.textContent);
            return names.length > 0 && names.every((each) => each.includes("hidden tanh"));
        }"""
    )


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
    page.keyboard.type('{"dat')
    expect(page.locator(".cm-tooltip-autocomplete li")).to_have_text('"dataset"required')
    page.click(".cm-tooltip-autocomplete li")
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


def test_a_list_lives_and_lets_go(reader, service):
    queued = service.client.submit(endless(name="to be let go"))
    someone = reader()
    page = someone.go("")
    row = page.locator(f"tr[data-id='{queued.id}']")
    expect(row.locator("td.status .tag")).to_have_text("running")
    row.get_by_text("Cancel").click()
    page.click("dialog button.danger")
    expect(row.locator("td.status .tag")).to_have_text("cancelled")
    path = f"**/experiments/{queued.id}"
    page.route(path, lambda route: route.abort())
    for failing in (True, False):
        row.get_by_text("Delete").click()
        page.click("dialog button.danger")
        if failing:
            expect(page.locator("main > [role=status]")).to_have_text(["", UNANSWERED])
            page.unroute(path)
    expect(row).to_have_count(0)
    expect(page.locator("main > [role=status]")).to_have_text(["", ""])
    someone.forgive("ERR_FAILED")


def test_a_click_that_fails_is_told_and_repeated_and_an_answer_that_was_lost_trains_once(reader, service):
    someone = reader()
    page = someone.go("new")
    spec = a_spec(name="answered once").model_dump(mode="json")
    page.fill("#spec", json.dumps(spec))

    def lose_the_answer(route):
        route.fetch()
        route.abort()

    page.route("**/experiments", lose_the_answer)
    page.click("#submit:not([disabled])")
    expect(page.locator("#connection")).to_have_text("connection lost")
    expect(page.locator("#checked h2")).to_have_text("Ready to train")  # the check was repeated by itself
    expect(page.locator("#connection")).to_have_text("")
    page.unroute("**/experiments")
    page.click("#submit:not([disabled])")
    page.wait_for_url(re.compile("#/experiment/"))
    page.wait_for_selector("#heatmap canvas.cells:visible")
    page.route("**/activations?*", lambda route: route.abort())
    page.select_option("#kind", "activations")
    notice = page.locator("#heatmap .notice")
    expect(notice).to_have_text(UNANSWERED)
    page.unroute("**/activations?*")
    page.select_option("#kind", "weights")
    expect(notice).to_have_count(0)
    assert [each.name for each in service.client.experiments(search="answered once")] == ["answered once"]
    page = someone.go("%")
    expect(page.locator("main .notice.bad")).to_contain_text("received #/%")
    expect(someone.go("constructor").locator("main h1")).to_have_text("Experiments")  # as any word that names no page
    someone.forgive("ERR_FAILED")


def test_what_the_service_lacks_stands_above_every_page(reader):
    someone = reader()
    full = {"ready": False, "checks": {"database": "ok", "disk": str(DiskFull())}}
    someone.page.route("**/readyz", lambda route: route.fulfill(status=503, json=full))
    for path in ("", "new"):
        page = someone.go(path)
        expect(page.locator("#readiness")).to_contain_text("disk: The disk is full")
        expect(page.locator("#readiness")).not_to_contain_text("database")
    someone.forgive("status of 503")
    in_order = reader().go("")
    expect(in_order.locator("#readiness")).to_be_hidden()


@pytest.mark.campaign
def test_a_lost_connection_is_told_and_recovers(reader, a_service):
    own = a_service()
    submitted = own.client.submit(endless(name="interrupted"))
    someone = reader(own.client.url)
    page = someone.go(f"experiment/{submitted.id}")
    page.wait_for_selector("#heatmap canvas.cells:visible")
    own.stop()
    expect(page.locator("#connection")).to_have_attribute("data-state", "lost")
    own.start()
    expect(page.locator("#connection")).to_have_text("live")
    reached = int(page.locator(".facts dd").first.inner_text().split("/")[0])
    page.wait_for_function(
        "(reached) => Number(document.querySelector('.facts dd').textContent.split('/')[0]) > reached", arg=reached
    )
    someone.forgive(*AWAY)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_from_using_a_page(reader, trained, scheme):
    someone = reader(color_scheme=scheme)
    found = {}
    for path, ready in pages(trained):
        page = someone.go(path)
        page.wait_for_selector(ready)
        found[path] = someone.barriers()
    assert {path: barriers for path, barriers in found.items() if barriers} == {}


def pages(trained: list[str]) -> list[tuple[str, str]]:
    """Every page, and what shows that it is complete."""
    return [
        ("", "tbody tr[data-id]"),
        (f"experiment/{trained[0]}", "#verdict"),
        (f"experiment/{trained[2]}", "#verdict"),
        (f"compare/{trained[0]},{trained[1]}", "#maps canvas.cells"),
        ("new", "#submit:not([disabled])"),
        ("treatments", "main tbody tr"),
        ("doctor", "#model"),
    ]


def test_on_a_phone_no_page_is_wider_than_the_screen(reader, trained):
    someone = reader(viewport=NARROW)
    for path, ready in pages(trained):
        page = someone.go(path)
        page.wait_for_selector(ready)
        width = page.evaluate("() => document.documentElement.scrollWidth")
        assert (path, width) == (path, NARROW["width"])


def test_a_training_elsewhere_shows_its_heat_map_while_it_is_sent_and_what_cannot_be_judged(reader, service, trained):
    spec = an_external_spec(name="elsewhere", epochs=30, seeds=(0, 1), layers=4)
    it = service.client.submit(spec).id

    def send(seed, first, epochs):
        history = measured(spec, seed, first, epochs)
        history.series["gradients"][:] = abs(history.series["gradients"])
        metrics = dict(zip(history.layout.metrics, history.metrics.T, strict=True))
        service.client.send(it, seed, from_epoch=first, metrics=metrics, series=history.series)

    send(0, 1, 10)
    someone = reader()
    someone.forgive("/facts")  # none were sent
    page = someone.go(f"experiment/{it}")
    expect(page.locator("#data")).to_contain_text("Not sent.")
    page.wait_for_selector("#heatmap canvas.cells:visible")
    expect(page.locator(".heat .names button")).to_have_count(4)
    expect(page.locator("#status")).to_have_text("running")
    expect(page.locator(".facts dd").first).to_have_text("10 / 60")
    before = someone.colours()
    assert len(set(before)) > 5
    expect(page.locator("a", has_text="Change and run again")).to_have_count(0)
    send(0, 11, 20)
    send(1, 1, 30)
    expect(page.locator(".facts dd").first).to_have_text("60 / 60")
    page.wait_for_function("() => document.querySelector('.heat .axis span:last-child').textContent == 30")
    for seed in (0, 1):
        service.client.end_run(it, seed)
    expect(page.locator("#status")).to_have_text("completed")
    page.wait_for_selector("#verdict")
    assert someone.barriers() == []
    page = someone.go("")
    expect(page.locator(f"tr[data-id='{it}'] td.name")).to_contain_text("trained elsewhere")
    page = someone.go(f"compare/{it},{trained[0]}")
    page.wait_for_selector("#maps section:nth-child(2) canvas.cells")
    expect(page.locator(".differs td", has_text="source").first).to_be_visible()
    assert someone.barriers() == []


def test_a_treatment_is_begun_by_a_click_watched_cancelled_and_its_trials_are_folded_under_what_they_treat(
    reader, service, trained
):
    ill = trained[0]
    someone = reader()
    page = someone.go(f"experiment/{ill}")
    page.click("#treat")
    page.wait_for_url(re.compile(f"#/treatment/{ill}/"))
    rows = page.locator("#trials tbody tr")
    expect(rows).to_have_count(5)
    expect(page.locator("[data-trial='untreated'] .tag")).to_contain_text("training")
    expect(page.locator("[data-trial='initializer_for_activation'] .tag")).to_have_text(re.compile("triage|training"))
    expect(page.locator("#connection")).to_have_text("live")
    page.click("#cancel")
    page.click("dialog button.danger")
    expect(page.locator("#status")).to_have_text("cancelled")
    expect(page.locator("#continue")).to_be_visible()
    assert someone.barriers() == []
    page = someone.go("")
    treated = page.locator(f"tr[data-id='{ill}']")
    expect(treated.get_by_role("link", name="treatment cancelled")).to_be_visible()
    expect(page.locator(".trial-of")).to_have_count(0)
    unfold = treated.get_by_role("button", name="2 trials")  # the triages went when they were cancelled
    unfold.focus()
    page.keyboard.press("Enter")
    expect(page.locator("tr.trial")).to_have_count(2)
    assert unfold.evaluate("(button) => button === document.activeElement && button.ariaExpanded === 'true'")
    under = page.locator(f"tr[data-id='{ill}'] + tr.trial")
    expect(under).to_contain_text(re.compile("trial of .*tanh.*: control"))
    assert someone.barriers() == []
    under.locator("a.name").click()
    expect(page.locator("#treating")).to_contain_text("trial of")
    page.locator("#treating a").last.click()
    page.wait_for_selector("#trials")


def test_the_cure_is_shown_as_a_difference_and_as_code_to_copy(reader, service, trained):
    ill = trained[0]
    record = a_cure(service, UUID(ill))
    someone = reader(permissions=["clipboard-read", "clipboard-write"])
    page = someone.go("treatments")
    row = page.locator(f"tr[data-id='{record.id}']")
    expect(row).to_contain_text("initializer_for_activation")
    expect(row.locator("td.figures")).to_have_text(["8/8", "0/8"])
    assert someone.barriers() == []
    row.get_by_role("link").click()
    best = page.locator("#trials tr.best")
    expect(best).to_contain_text(re.compile("recommended.*initializer_for_activation.*cures.*0/8.*0 %–32 %", re.DOTALL))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in ("Difference of the two specs", "As Keras code"):
        copy = page.get_by_role("group", name=name).get_by_role("button")
        copy.click()
        expect(copy).to_have_text("Copied")
        copied = page.evaluate("() => navigator.clipboard.readText()")
        shown = page.locator("#cure").get_by_role("region", name=name.removeprefix("As ")).inner_text()
        assert copied.strip() == shown.strip()
    assert "glorot_uniform" in copied
    best.get_by_text("why").click()
    expect(best.get_by_role("region")).to_contain_text("- random_uniform")
    assert someone.barriers() == []
    page.wait_for_timeout(1500)  # longer than the pause between two readings of one that runs
    assert [url for url in asked if "/treatments" in url] == []
    page.set_viewport_size(NARROW)
    assert page.evaluate("() => document.documentElement.scrollWidth") == NARROW["width"]


@pytest.mark.campaign
def test_two_clicks_lead_from_an_empty_dashboard_to_the_cure_of_the_second_network(reader, a_service):
    own = a_service()
    someone = reader(own.client.url)
    someone.forgive(*AWAY)  # the service goes first
    done: list[str] = []
    someone.page.expose_function("did", lambda what: done.append(what))
    someone.page.add_init_script("for (const it of ['click', 'keydown']) addEventListener(it, () => did(it), true)")
    page = someone.go("")
    page.click("[data-train='tutorial-2-deep-tanh']")
    page.wait_for_url(re.compile("#/experiment/"))
    page.click("#treat")  # there once the training is over
    expect(page.locator("#cure h2")).to_contain_text("The smallest change that cures: initializer_for_activation")
    expect(page.locator("#status")).to_have_text("completed")
    expect(page.get_by_role("region", name="Keras code")).to_contain_text('kernel_initializer="glorot_uniform"')
    (treatment,) = own.client.all_treatments()
    assert treatment.recommended == ["initializer_for_activation"]
    assert done == ["click", "click"]


def a_cure(service, ill: UUID) -> TreatmentRecord:
    """A treatment that has found a cure, stored as a worker stores it."""
    store = ExperimentStore(f"sqlite:///{service.data}/gradlab.db", lease=MINUTE, max_attempts=1)
    cure = "initializer_for_activation"
    ended = to_the_end(a_treatment([(cure,)]), {(cure,): 0})
    begun, _ = store.treatments.add(ill, TreatmentRequest(), ended)
    store.treatments.save(begun, ended, TreatmentStatus.completed)
    store.close()
    return begun


def test_an_answer_explains_itself_and_says_what_is_not_there(reader, service):
    network = a_network(dense(activation="relu", initializer="he_uniform", repeat=20))
    dead = {"activations.dead_fraction": 1.0, "activations.unit_correlation": math.nan, "gradients.zero_fraction": 1.0}
    ill = sent_to(service, a_run(network, fails=True, series=dead | {"gradients.mean_abs": 0.0}), "twenty dead layers")
    unknown = sent_to(
        service, a_run(), "nothing said of the data", facts=False, metrics=["loss", "accuracy"], record={"gradients": 1}
    )
    someone = reader()
    someone.forgive("/facts", "/histograms")  # of the second one none are sent
    page = someone.go(f"experiment/{ill}")
    expect(page.locator("#verdict")).to_have_text("ill")
    expect(page.locator(".verdict-line .behind")).to_have_text("Too deep for its width (finite_width), certain")
    chain = page.locator(".chain")
    expect(chain.locator("[data-rule=finite_width] [data-rule=dead_units] [data-rule=dead_layer]")).to_have_count(1)
    link = chain.locator("[data-rule=dead_layer]")
    expect(link.locator("> .link")).to_contain_text("20 layers, dense_1 … dense_20")
    link.locator("> details summary").click()
    expect(link.locator("> details p").last).to_contain_text("dense_2, dense_3")
    page.click(".heat .names button >> nth=0")
    expect(page.locator("#layer")).to_be_visible()
    page.select_option("#kind", "activations")
    page.select_option("#statistic", "unit_correlation")
    expect(page.locator("#heatmap .legend")).to_contain_text("no number with fewer than two units that vary")
    assert someone.barriers() == []
    page = someone.go(f"experiment/{unknown}")
    expect(page.locator("#settling code").first).to_have_text("data=(x, y)")
    expect(page.locator("#curve-accuracy .about")).to_contain_text("validation is not measured")
    page.click(".heat .names button >> nth=0")
    page.select_option("#kind", "weights")
    expect(page.locator("#heatmap")).to_contain_text("Weights: not sent.")
    expect(page.locator("#layer")).to_be_hidden()  # it showed the quantity before
    assert someone.barriers() == []
    page = someone.go("")
    page.select_option("#sort", "verdict")
    expect(page.locator("tbody tr").first.locator("td.verdict .tag")).to_have_text("ill")
    page.select_option("#root-cause", "finite_width")
    expect(page.locator("tbody tr").first).to_contain_text("twenty dead layers")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.select_option("#root-cause", "")
    row = page.locator(f"tr[data-id='{unknown}']")
    expect(row.locator("td.loss")).to_contain_text("training")
    others = [service.client.submit(an_external_spec(name=f"number {i}")).id for i in range(5)]
    page = someone.go(f"compare/{','.join(map(str, (ill, unknown, *others)))}")
    expect(page.locator("#left-out")).to_contain_text(str(others[-1])[:8])
    expect(page.locator("[aria-label=Results] tbody tr").nth(1)).to_contain_text("training samples")
    assert someone.barriers() == []


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


def sent_to(service, run, name: str, *, facts: bool = True, **changes):
    """Send a run as a training elsewhere; its id."""
    sent = as_sent(run, name=name, **changes)
    it = service.client.submit(sent.external).id
    if facts:
        service.client.send_facts(it, run.facts)
        service.client.send_wiring(it, run.seed, sent.wiring)
    names = sent.history.layout.metrics
    columns = [run.history.layout.metrics.index(each) for each in names]
    metrics = dict(zip(names, run.history.metrics[:, columns].T, strict=True))
    service.client.send(it, run.seed, from_epoch=0, metrics=metrics, series=sent.history.series)
    service.client.end_run(it, run.seed)
    return it
