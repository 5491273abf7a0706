"""The report of a training: what it holds, where it comes from, and that nothing in it leads outside."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from gradlab.client.client import Client
from gradlab.diagnosis import ExternalRun, Run, diagnose
from gradlab.diagnosis.summary import summary_of
from gradlab.facts import Facts
from gradlab.measurement.history import History
from gradlab.measurement.kinds import KINDS
from gradlab.report import Report, experiment_of, framed, report_of, series_requests, write
from gradlab.report.modules import import_map
from gradlab.schemas.status import Status
from tests.builders import a_spec, an_external_spec, measured
from tests.unit.desk import Desk, client_of

HOSTILE = '</script><script>alert("1")</script><!-- <img src=x onerror=alert(2)>'
EVERYTHING = "full"


class Elements(HTMLParser):
    """The elements of a page, and the addresses that they name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.texts: dict[str, str] = {}
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self._inside = tag
        self.tags.append(tag)
        named = dict(attributes)
        self.addresses += [value for name, value in named.items() if name in ("src", "href", "srcset", "action")]
        if tag == "script":
            self.scripts.append(named["type"])

    def handle_data(self, data):
        self.texts[self._inside] = self.texts.get(self._inside, "") + data


def external_report(*, epochs: int = 4, name: str = "elsewhere", layer: str = "dense_1", **more) -> Report:
    spec = an_external_spec(epochs=epochs, name=name, **more)
    layers = tuple(
        each.model_copy(update={"name": layer if each.name == "dense_1" else each.name}) for each in spec.layers
    )
    spec = spec.model_copy(update={"layers": layers})
    runs = [ExternalRun(spec, seed, measured(spec, seed, 0, epochs + 1)) for seed in spec.seeds]
    return report_of(spec, runs, diagnose(spec, runs))


@pytest.fixture
def client(desk: Desk) -> Client:
    return client_of(desk)


@pytest.mark.slow
def test_a_report_holds_what_the_service_answers(client: Client, desk: Desk, tmp_path: Path, monkeypatch):
    spec = a_spec(epochs=5, seeds=(0, 3), record=EVERYTHING)
    place = desk.trained(spec)
    monkeypatch.setattr(Report, "html", lambda report: there.append(report) or "")
    there: list[Report] = []
    client.report(place.split("/")[-1], tmp_path / "report.html")
    (answered,) = there
    facts = desk.store.facts.get(answered.experiment.id)
    runs = [Run(spec, seed, measured(spec, seed, 0, 6), facts=facts) for seed in spec.seeds]
    here = report_of(spec, runs, diagnose(spec, runs))
    assert {each.kind.name for each, _ in here.series if each.kind} >= {"gradients", "signals", "weight_histograms"}
    assert [each for each, _ in here.series] == [each for each, _ in answered.series]
    for (request, own), (_, served) in zip(here.series, answered.series, strict=True):
        assert own.keys() == served.keys(), request
        for name in own:
            np.testing.assert_array_equal(own[name], served[name], err_msg=f"{request} {name}")
    apart = {"experiment_id"}
    assert here.diagnosis.model_dump(exclude=apart) == answered.diagnosis.model_dump(exclude=apart)
    assert here.experiment.runs == answered.experiment.runs
    assert here.facts == answered.facts == facts is not None
    assert {*answered.boundaries} == {0, 3}
    assert all(len(each["epochs"]) > 1 for each in answered.boundaries.values())
    assert here.experiment.progress == answered.experiment.progress


def test_a_page_loads_nothing_and_holds_every_module_that_it_imports():
    elements = Elements(external_report().html())
    assert elements.addresses == []
    assert elements.scripts == ["importmap", "application/json", "module"]
    assert "link" not in elements.tags
    modules = import_map()
    assert "report/report.js" in modules
    assert "report/uplot.js" in modules
    for url in modules.values():
        assert url.startswith("data:text/javascript;charset=utf-8;base64,")


def test_every_import_of_an_inlined_module_is_in_the_map():
    from base64 import b64decode

    modules = import_map()
    for name, url in modules.items():
        text = b64decode(url.partition("base64,")[2]).decode()
        imported = re.findall(r'^import\b[^;]*?"([^"]+)";', text, re.MULTILINE)
        assert {*imported} <= {*modules}, name
        assert not re.search(r'\bimport\("[^"]+"\)(?!\.)', text), name  # none is imported later


def test_the_licence_of_what_draws_the_lines_goes_along():
    assert "Permission is hereby granted, free of charge" in external_report().html()


@pytest.mark.parametrize("where", ["name", "layer"])
def test_text_of_the_user_stays_text(where: str):
    plain, hostile = Elements(external_report().html()), Elements(external_report(**{where: HOSTILE[:60]}).html())
    assert hostile.tags == plain.tags
    assert hostile.scripts == plain.scripts
    page = external_report(**{where: HOSTILE[:60]}).html()
    assert "<script>alert" not in page
    held = json.loads(re.search(r'id="answers">(.*?)</script>', page, re.DOTALL)[1])
    assert HOSTILE[:60] in json.dumps(held["answers"], ensure_ascii=False).replace('\\"', '"')


def test_the_policy_allows_the_pages_own_scripts_alone():
    page = external_report().html()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy


def test_a_page_without_scripts_still_says_the_verdict():
    report = external_report()
    text = Elements(report.html()).texts
    assert f"Verdict: {summary_of(report.diagnosis)}." in text["p"]
    for finding in report.diagnosis.findings:
        assert f"({finding.rule})" in text["p"]


def test_the_json_beside_it_has_numbers_or_null(tmp_path: Path):
    spec = an_external_spec(epochs=3, seeds=(0, 1))
    histories = [measured(spec, seed, 0, 4) for seed in spec.seeds]
    histories[1].metrics[2, 0] = np.nan
    runs = [ExternalRun(spec, seed, history) for seed, history in zip(spec.seeds, histories, strict=True)]
    page, data = write(tmp_path / "my.report.html", spec, runs, diagnose(spec, runs))
    assert (page.name, data.name) == ("my.report.html", "my.report.json")

    def refuse(number: str):
        raise ValueError(number)

    read = json.loads(data.read_text(), parse_constant=refuse)
    assert read["diagnosis"]["verdict"] == diagnose(spec, runs).verdict
    assert read["experiment"]["spec"]["source"] == "external"
    history = read["series"]["history"]
    assert history["metrics"] == list(spec.metrics)
    assert history["values"][1][1][0] is None
    assert history["values"][0][1][0] == pytest.approx(float(histories[0].metrics[2, 0]))
    assert "gradients?statistic=mean_abs" in read["series"]


def test_a_training_of_nothing_yet_has_a_report():
    spec = an_external_spec()
    report = report_of(spec, [], diagnose(spec, []), experiment=experiment_of(spec, [], status=Status.running))
    assert report.experiment.progress.epochs_done == 0
    assert json.loads(report.json())["series"]["history"]["epochs"] == []
    assert "undecided" in report.html()


def test_facts_are_held_where_they_are_known():
    spec = an_external_spec(epochs=2)
    runs = [ExternalRun(spec, 0, measured(spec, 0, 0, 3), facts=Facts(train_count=40))]
    report = report_of(spec, runs, diagnose(spec, runs))
    assert json.loads(report.json())["facts"]["train_count"] == 40
    place = f"/experiments/{report.experiment.id}/facts"
    assert [each["body"]["train_count"] for each in report._answers() if each["path"] == place] == [40]
    assert json.loads(external_report().json())["facts"] is None


def test_a_training_that_records_no_series_has_a_report():
    report = external_report(record={"gradients": 0})
    assert [each.path for each, _ in report.series] == ["history"]
    assert "Gradients" in report.html()


@pytest.mark.parametrize(("layers", "epochs"), [(300, 2_000), (40, 20_000)])
def test_a_large_training_is_thinned_out(layers: int, epochs: int):
    spec = an_external_spec(layers=layers, epochs=epochs, seeds=(0, 1, 2, 3))
    requests = series_requests(spec.layout, len(spec.seeds))
    assert all(2 <= each.max_points <= 1000 for each in requests)
    numbers = sum(each.max_points * layers * 4 * 4 for each in requests if each.kind)
    assert numbers <= 6_000_000


def test_what_is_thinned_out_keeps_the_first_and_the_last_epoch():
    spec = an_external_spec(epochs=3_000)
    layout = spec.layout
    metrics = np.arange(3_001, dtype=np.float32)[:, None] * np.ones(len(layout.metrics), np.float32)
    rows = {each.kind: np.ones((3_001, *each.shape), np.float32) for each in layout.series}
    runs = [ExternalRun(spec, 0, History(layout, 0, metrics, rows))]
    report = report_of(spec, runs, diagnose(spec, runs))
    _, history = report.series[0]
    assert (len(history["epochs"]), history["epochs"][0], history["epochs"][-1]) == (1000, 1, 3000)
    np.testing.assert_array_equal(history["values"][0, :, 0], history["epochs"])


def test_every_kind_that_is_recorded_is_held_but_pictures_of_the_plane():
    spec = a_spec(record=EVERYTHING)
    held = {each.kind.name for each in series_requests(spec.layout, 1) if each.kind}
    assert held == {kind.name for kind in KINDS if kind.name in spec.layout and kind.shown_as != "plane"}


def test_a_notebook_frames_the_page_and_keeps_it_in_a_sandbox():
    page = external_report().html()
    frame = framed(page)
    (attributes,) = [dict(given) for tag, given in _started(frame) if tag == "iframe"]
    assert attributes["sandbox"] == "allow-scripts"
    assert attributes["srcdoc"] == page


def _started(text: str):
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, attributes))  # type: ignore[method-assign]
    parser.feed(text)
    return found
