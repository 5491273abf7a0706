"""The page of a report: one HTML document that holds its answers, its modules and its styles."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from string import Template
from typing import Any
from urllib.parse import quote

import numpy as np

from gradlab.diagnosis.chain import chain_lines
from gradlab.diagnosis.summary import root_of, summary_of
from gradlab.facts import Facts
from gradlab.measurement.kinds import BOUNDARY
from gradlab.report.modules import MAIN, PREFIX, import_map, licence, styles
from gradlab.report.requests import SeriesRequest
from gradlab.responses.catalogue import series_kinds, statistics
from gradlab.responses.experiments import layer_responses
from gradlab.schemas.diagnosis import ExperimentDiagnosisResponse
from gradlab.schemas.experiments import ExperimentResponse
from gradlab.schemas.media_types import JSON, NPZ
from gradlab.series.files import to_npz
from gradlab.spec import ExperimentSpec

IFRAME_HEIGHT_PIXELS = 720
# Nothing is loaded and nothing is sent: scripts and styles are those whose hashes stand here, modules lie in the page.
POLICY = "default-src 'none'; script-src $scripts data:; style-src $styles; base-uri 'none'; form-action 'none'"
PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>$styles</style>
<script type="importmap">$modules</script>
</head>
<body>
<!-- The lines are drawn by uPlot, whose licence is this:
$licence-->
<header class="top"><span class="mark">Gradient Lab</span><span class="muted small">report</span>
<p class="connection"></p><button id="theme" class="quiet" type="button">Theme</button></header>
<main id="page" tabindex="-1"><noscript><h1>$title</h1>
<p>Verdict: $verdict.</p>$cause<p>The charts of this report need JavaScript.</p></noscript></main>
<script type="application/json" id="answers">$answers</script>
<script type="module">$main</script>
</body>
</html>
""")


@dataclass(frozen=True, eq=False)
class Report:
    """A training's report.

    Attributes:
        experiment: the experiment, as the service would answer it.
        diagnosis: its diagnosis.
        series: each request of `series_requests` with its named arrays.
        facts: what is known of the data; None if nothing is.
        boundaries: seed -> the named arrays of its decision boundary, for networks of two inputs.
    """

    experiment: ExperimentResponse
    diagnosis: ExperimentDiagnosisResponse
    series: Sequence[tuple[SeriesRequest, Mapping[str, np.ndarray]]]
    facts: Facts | None = None
    boundaries: Mapping[int, Mapping[str, np.ndarray]] = field(default_factory=dict)

    def html(self) -> str:
        """Return the page. It opens from a file, and makes no request."""
        modules, main = _json({"imports": import_map()}), f'import "{PREFIX}{MAIN}";'
        diagnosis = self.diagnosis
        policy = Template(POLICY).substitute(scripts=f"{_hash(modules)} {_hash(main)}", styles=_hash(styles()))
        return PAGE.substitute(
            policy=policy,
            title=escape(f"{self.experiment.name or 'unnamed'}: {diagnosis.verdict}"),
            styles=styles(),
            modules=modules,
            licence=licence(),
            verdict=escape(str(summary_of(diagnosis))),
            cause="".join(f"<p>{escape(line)}</p>" for line in _reasons(diagnosis)),
            answers=_json({"id": str(self.experiment.id), "answers": self._answers()}),
            main=main,
        )

    def json(self) -> str:
        """Return the same for programs: experiment, diagnosis, metrics and the default statistic of each kind.

        `facts` is null if nothing is known of the data. `series` has the named arrays of each request, its path and
        query as the key. Numbers that are not finite are null.
        """
        series = {_address(each): _lists(arrays) for each, arrays in self.series if each.is_default}
        experiment, diagnosis = (each.model_dump(mode="json") for each in (self.experiment, self.diagnosis))
        facts = None if self.facts is None else self.facts.model_dump(mode="json")
        content = {"experiment": experiment, "diagnosis": diagnosis, "facts": facts, "series": series}
        return json.dumps(content, allow_nan=False)

    def _answers(self) -> list[dict[str, Any]]:
        """Return the answers to all requests of the page."""
        spec, place = self.experiment.spec, f"/experiments/{self.experiment.id}"
        held = [
            _answer("/catalogue", self._catalogue()),
            _answer(place, self.experiment.model_dump(mode="json")),
            _answer(f"{place}/diagnosis", self.diagnosis.model_dump(mode="json")),
        ]
        if self.facts is not None:
            held.append(_answer(f"{place}/facts", self.facts.model_dump(mode="json")))
        if isinstance(spec, ExperimentSpec):
            layers = [each.model_dump(mode="json") for each in layer_responses(spec)]
            held.append(_answer("/experiments/validate", {"layers": layers}))
        held.append(_answer(f"{place}/charts", {"charts": [{"name": BOUNDARY.name} for _ in [*self.boundaries][:1]]}))
        for seed, arrays in self.boundaries.items():
            body = b64encode(to_npz(dict(arrays))).decode()
            held.append(_answer(f"{place}/{BOUNDARY.path}", body, query={"seed": str(seed)}, type=NPZ))
        for request, arrays in self.series:
            body = b64encode(to_npz(dict(arrays))).decode()
            held.append(_answer(f"{place}/{request.path}", body, query=dict(request.query), type=NPZ))
        return held

    def _catalogue(self) -> dict[str, Any]:
        """Return the kinds and statistics of the catalogue that are held; all if none is, so that one can be named."""
        held = {(each.kind.name, each.query.get("statistic")) for each, _ in self.series if each.kind}
        shown = {
            kind: [each.model_dump(mode="json") for each in of_kind if not held or (kind, each.name) in held]
            for kind, of_kind in statistics().items()
        }
        kinds = [each.model_dump(mode="json") for each in series_kinds() if shown.get(each.name)]
        return {"kinds": kinds, "statistics": {name: of_kind for name, of_kind in shown.items() if of_kind}}


def framed(page: str) -> str:
    """Return a page in a frame of its own, for notebooks: it can read nothing of the notebook."""
    style = f"width:100%;height:{IFRAME_HEIGHT_PIXELS}px;border:0"
    return f'<iframe sandbox="allow-scripts" style="{style}" title="Report" srcdoc="{escape(page)}"></iframe>'


def _answer(path: str, body: Any, *, query: Mapping[str, str] | None = None, type: str = JSON) -> dict[str, Any]:
    return {"path": path, "query": query or {}, "type": type, "body": body}


def _address(request: SeriesRequest) -> str:
    query = "&".join(f"{name}={quote(value)}" for name, value in request.query.items())
    return f"{request.path}?{query}" if query else request.path


def _lists(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return arrays as nested lists. What is not finite becomes None."""
    return {name: _finite(array).tolist() for name, array in arrays.items()}


def _finite(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind != "f":
        return array
    values = array.astype(object)
    values[~np.isfinite(array)] = None
    return values


def _reasons(diagnosis: ExperimentDiagnosisResponse) -> list[str]:
    """Return the causal chain, the explanation of its root cause, and what would settle the verdict."""
    root = root_of(diagnosis)
    return [
        *chain_lines(diagnosis.findings, diagnosis.root_cause),
        *([root.explanation] if root else []),
        *map(str, diagnosis.settled_by),
    ]


def _json(value: Any) -> str:
    """Return JSON that can stand in a script element: no text in it ends the element, or begins a comment."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
