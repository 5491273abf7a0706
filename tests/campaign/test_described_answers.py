"""Requests that are generated from the API's description, right ones and wrong ones, on each database.

Nothing breaks, and every answer is one that the description names, in the form that it names.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.negative.mutations import MutationTargetDescriptor

from gradlab.schemas.media_types import BINARY, CSV, SAFETENSORS
from gradlab.schemas.status import Status
from gradlab.tensor_file import write_tensors
from tests.builders import Bell, a_chunk, a_spec, an_external_spec, measured
from tests.campaign.test_charts_in_browser import RECURRENT
from tests.unit.desk import Desk, a_desk, as_json
from tests.unit.diagnosis.histories import a_run
from tests.unit.test_api_external import body
from tests.unit.test_api_treatments import COPIES, ILL

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# For each place that is drawn from a schema Hypothesis hashes all places, and a spec has thousands, each a list of
# steps: half of the time that generating takes. Equal places are equally deep.
MutationTargetDescriptor.__hash__ = lambda place: len(place.walk)  # type: ignore[method-assign]

# Of each kind, right and wrong, so many requests to an operation where `make test` asks some 1,800 on each database;
# those that take a whole spec or draw are made by hundreds of milliseconds.
REQUESTS, OF_SLOW = 15, 3
SLOW = {"submit", "validate", "triage", "draw_chart"}
# For an operation and a number, path parameters that name something that is there.
Parameters = Callable[[str, int], dict[str, Any]]
SENT = an_external_spec(epochs=6, seeds=(0, 1))
BOUNDARY = {"epoch": 2, "x": [*range(32)], "y": [*range(32)], "values": [[[0.5] * 32] * 32]}


class AnsweringBell(Bell):
    """A queue with workers that look at initial states at once, and train nothing."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(self._look)
        self._store = desk.store

    def ping(self) -> None:
        """It is there."""

    def _look(self, experiment_id: Any) -> None:
        spec = self._store.get(experiment_id).own_spec("it is looked at")
        if spec.training.epochs:
            return
        claim = self._store.claim(experiment_id, worker="one")
        assert claim
        for seed in spec.seeds:
            self._store.append(claim, a_chunk(spec, seed=seed, history=measured(spec, seed, 0, 1)))
        self._store.finish(claim, Status.completed)


@dataclass
class Answers:
    """The answers to generated requests.

    Attributes:
        statuses: how often each was answered, by operation.
        failures: what broke the description, each once.
    """

    desk: Desk
    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def judge(self, name: str, case: Case) -> None:
        """Send one request, and hold its answer against the description."""
        request = case.as_transport_kwargs(base_url="http://testserver")
        sent = {key: request[key] for key in ("method", "url", "headers", "params", "json") if key in request}
        if isinstance(request.get("data"), str | bytes):
            sent["content"] = request["data"]
        try:
            answer = self.desk.http.request(**sent)
        except (httpx2.InvalidURL, httpx2.ProtocolError, UnicodeEncodeError):
            return  # what cannot be sent by this client
        self.statuses.setdefault(name, Counter())[answer.status_code] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as failure:
            message = str(failure)
            self.failures.setdefault(f"{name}: {answer.status_code}: {message[:80]}", message)

    @property
    def count(self) -> int:
        """Requests that were answered."""
        return sum(counts.total() for counts in self.statuses.values())


def ended(desk: Desk) -> list[str]:
    """Experiments of which nothing more is to come, so that a stream of them ends: of each kind one."""
    spec = a_spec(epochs=6, seeds=(0, 1))
    paths = [desk.trained(spec), desk.trained(spec, {0: 6, 1: 3})]
    paths += [an_ill_one(desk), desk.trained(RECURRENT)]
    cancelled, sent = desk.submit(), desk.submit(SENT)
    desk.http.post(f"{cancelled}/cancel")
    for seed in SENT.seeds:
        desk.http.put(f"{sent}/runs/{seed}/series", json=body(measured(SENT, seed, 0, 7)))
        desk.http.post(f"{sent}/runs/{seed}/end", json={"status": "completed"})
    return [path.rpartition("/")[2] for path in (*paths, cancelled, sent)]


def an_ill_one(desk: Desk) -> str:
    """An experiment that a treatment may be begun of."""
    histories = {f"seed_{seed}": a_run(ILL, fails=True, series=COPIES).history for seed in ILL.seeds}
    return desk.trained(ILL, **histories)


def parameters(desk: Desk) -> Parameters:
    """For an operation and a number, path parameters that name something that is there."""
    finished = ended(desk)
    ill, untreated = finished[2], an_ill_one(desk).rpartition("/")[2]
    treated = desk.http.post(f"/experiments/{ill}/treatments", json={"seeds": 5}).json()["id"]
    charts = [each["name"] for each in desk.http.get(f"/experiments/{finished[0]}/charts").json()["charts"]]
    studied = a_study(desk)
    of_studies = [each["name"] for each in desk.http.get(f"/studies/{studied}/charts").json()["charts"]]
    dataset, weights, numbers = uploaded(desk, 0), uploaded_weights(desk, 0), itertools.count(1)
    assert desk.checked(f"/datasets/{dataset}")["status"] == "ready"

    def chosen(name: str, number: int) -> dict[str, Any]:
        experiment = finished[number % len(finished)]
        if name in ("delete_experiment", "cancel_experiment"):
            experiment = str(desk.store.add(a_spec())[0].id)
        elif name in ("send_series", "send_wiring", "end_run", "resume_run"):
            experiment = str(desk.store.add(SENT)[0].id)
        elif name == "send_boundary":
            experiment = finished[-1]  # which has epochs, and was sent
        elif name.endswith(("treatment", "treatments")):
            experiment = ill
        elif name == "treat":
            experiment = untreated
        views = of_studies if name == "draw_study_chart" else charts
        chart, form = views[number % len(views)], ("svg", "png")[number % 2]
        named = uploaded(desk, next(numbers)) if name == "delete_dataset" else dataset
        given = uploaded_weights(desk, next(numbers)) if name == "delete_weights" else weights
        study = a_study(desk) if name.endswith("_study") else studied
        if step := {"continue_study": "pause", "follow_study": "cancel"}.get(name):  # a stream that ends
            desk.http.post(f"/studies/{study}/{step}")
        values = {"experiment_id": experiment, "treatment_id": treated, "dataset_id": named, "weights_id": given}
        values |= {"study_id": study}
        return values | {"seed": number % 2, "name": chart, "form": form}

    return chosen


def a_study(desk: Desk) -> str:
    """The id of a study of two cells that wait."""
    body = {"base": as_json(a_spec()), "axes": [{"knob": "width", "values": [2, 3]}]}
    return str(desk.http.post("/studies", json=body).json()["id"])


def uploaded(desk: Desk, number: int) -> str:
    """The id of a dataset of two features."""
    return str(desk.upload(table(number)).json()["id"])


def uploaded_weights(desk: Desk, number: int) -> str:
    """The id of initial weights."""
    answer = desk.http.post("/weights", content=tensors(number), headers={"Content-Type": SAFETENSORS})
    return str(answer.json()["id"])


def tensors(number: int) -> bytes:
    """A file of weights that no other number has."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "any.safetensors"
        write_tensors({"dense_1/kernel": np.full((2, 3), number, np.float32)}, file)
        return file.read_bytes()


def table(number: int) -> bytes:
    """A CSV file that no other number has."""
    return f"x,y,label\n{number},0.5,a\n1.5,2.5,b\n3.5,0.5,a\n".encode()


def bodies(operation: dict[str, Any]) -> Iterator[Any]:
    """The description's own examples of an operation's body, over and over."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return itertools.cycle([each["value"] for each in content.get("examples", {}).values()] or [None])


def ask(desks: list[Desk], requests: int, *, of_slow: int, is_random: bool) -> list[Answers]:
    """Ask everything: of each kind and operation so many requests; of four three name something that is there.

    A request is generated once and asked at each desk: to generate one takes longer than to answer it.
    """
    asked_at = [(Answers(desk), parameters(desk)) for desk in desks]
    schema = schemathesis.openapi.from_dict(desks[0].http.get("/openapi.json").json())
    for each in schema.get_all_operations():
        operation = each.ok()
        count = of_slow if operation.definition.raw["operationId"] in SLOW else requests
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            asked = settings(
                max_examples=count,
                derandomize=not is_random,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )(_asking(operation, mode, asked_at))
            try:
                asked()
            except Unsatisfiable:
                assert mode is GenerationMode.NEGATIVE  # an operation that takes nothing cannot be given anything wrong
    return [answers for answers, _ in asked_at]


def _asking(operation: Any, mode: GenerationMode, asked_at: list[tuple[Answers, Parameters]]) -> Any:
    """A property of one operation: that its answers are as described."""
    name, examples = operation.definition.raw["operationId"], bodies(operation.definition.raw)
    turns = itertools.count()  # drawn numbers may leave out those at which an example is sent

    @given(operation.as_strategy(generation_mode=mode))
    def is_answered_as_described(case: Case) -> None:
        number = next(turns)
        if number % 5 == 1 and (example := next(examples)) is not None:
            case.body, case.media_type = example, "application/json"
        if number % 5 == 2 and name == "send_series":
            case.body, case.media_type = body(measured(SENT, 0, 0, 1 + number % 6)), "application/json"
        if number % 5 == 2 and name == "send_boundary":
            case.body, case.media_type = BOUNDARY, "application/json"
        if number % 5 == 2 and name == "upload":
            case.body, case.media_type = table(0), CSV
        if number % 5 == 2 and name == "upload_weights":
            case.body, case.media_type = tensors(0), BINARY
        generated = case.path_parameters
        for answers, known in asked_at:
            if number % 5 == 1 and name == "draft":
                case.body = example | {"dataset": known(name, number)["dataset_id"]}
            there = known(name, number) if number % 4 else {}
            case.path_parameters = {key: there.get(key, value) for key, value in generated.items()}
            answers.judge(name, case)

    return is_answered_as_described


def answering(desk: Desk) -> Desk:
    """A desk with workers that look."""
    bell = AnsweringBell(desk)
    services = desk.http.app.state.services
    desk.http.app.state.services = services.__class__(**{**vars(services), "queue": bell})
    return Desk(desk.http, desk.store, bell, desk.settings)


@pytest.fixture
def desks(migrated_file: Path, tmp_path: Path, postgresql_url: str) -> Iterator[list[Desk]]:
    """A desk on SQLite and one on PostgreSQL, both with workers that look."""
    with ExitStack() as stack:
        made = []
        for name, setting in {"sqlite": {}, "postgresql": {"database_url": postgresql_url}}.items():
            folder = tmp_path / name
            folder.mkdir()
            made.append(answering(stack.enter_context(a_desk(migrated_file, folder, **setting))))
        yield made


def check(all_answers: list[Answers], at_least: int) -> None:
    """Fail where an answer broke the description, too few were asked, or an operation was never answered well."""
    for answers in all_answers:
        assert answers.failures == {}, "\n\n".join([answers.desk.settings.database, *answers.failures.values()])
        assert answers.count >= at_least, answers.statuses
        never = {name for name, counts in answers.statuses.items() if not any(status < 400 for status in counts)}
        assert never == set(), {name: answers.statuses[name] for name in never}


@pytest.mark.timeout(900)
def test_a_thousand_generated_requests_are_answered_as_described(desks: list[Desk]):
    check(ask(desks, REQUESTS, of_slow=OF_SLOW, is_random=False), at_least=1_000)


@pytest.mark.campaign
@pytest.mark.timeout(14_400)
def test_twenty_thousand_generated_requests_are_answered_as_described(desks: list[Desk]):
    check(ask(desks, REQUESTS * 20, of_slow=OF_SLOW * 40, is_random=True), at_least=20_000)
