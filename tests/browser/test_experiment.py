"""The page of an experiment: its training as it goes on, here or elsewhere, and its diagnosis."""

import json
import math
import re

import numpy as np
from playwright.sync_api import expect

from gradlab.measurement.plane import Plane
from tests.builders import an_external_spec, measured
from tests.unit.diagnosis.histories import a_network, a_run, dense
from tests.unit.diagnosis.sent import as_sent

LAYERS = 6  # of the tutorial's third network


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


def test_a_training_elsewhere_shows_its_heat_map_while_it_is_sent_and_what_cannot_be_judged(reader, service, trained):
    loss = {"kind": "binary_crossentropy", "from_logits": True}
    spec = an_external_spec(name="elsewhere", epochs=30, seeds=(0, 1), layers=4, loss=loss)
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
    axis = np.linspace(-1, 1, 32, dtype=np.float32)
    service.client.send_boundary(it, 0, 30, Plane(axis, axis, np.add.outer(axis, axis)[None]))
    for seed in (0, 1):
        service.client.end_run(it, seed)
    expect(page.locator("#status")).to_have_text("completed")
    page.wait_for_selector("#verdict")
    expect(page.locator("#boundary .about")).to_contain_text("epoch 30, the nearest of 1 that are recorded")
    expect(page.locator("#boundary .about")).to_contain_text("no sample is shown")
    page.wait_for_selector(".two #boundary canvas.cells:visible")
    assert someone.barriers() == []
    page = someone.go("")
    expect(page.locator(f"tr[data-id='{it}'] td.name")).to_contain_text("trained elsewhere")
    page = someone.go(f"compare/{it},{trained[0]}")
    page.wait_for_selector("#maps section:nth-child(2) canvas.cells")
    expect(page.locator(".differs td", has_text="source").first).to_be_visible()
    assert someone.barriers() == []


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
