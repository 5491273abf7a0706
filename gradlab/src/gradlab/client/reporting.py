"""Reports of a service's experiments, as a part of the client."""

import io
from pathlib import Path
from uuid import UUID

import numpy as np

from gradlab import schemas
from gradlab.client.connection import Connection, Refused
from gradlab.facts import Facts
from gradlab.measurement.kinds import BOUNDARY
from gradlab.schemas.media_types import NPZ


class Reporting(Connection):
    """Writes experiments of the service to files that open without it."""

    def report(self, experiment_id: UUID | str, path: str | Path) -> tuple[Path, Path]:
        """Write the report of an experiment: one HTML file that opens offline, and a JSON file of the same name.

        Returns both paths.

        Raises:
            OSError: a file cannot be written.
        """
        from gradlab.report import (  # the modules that draw: only reports need them
            Report,
            boundary_points,
            save,
            series_requests,
        )

        place = f"/experiments/{experiment_id}"
        experiment = self._read(schemas.ExperimentResponse, self._request("GET", place))
        diagnosis = self._read(schemas.ExperimentDiagnosisResponse, self._request("GET", f"{place}/diagnosis"))
        spec = experiment.spec
        requests = series_requests(spec.layout, len(spec.seeds))
        series = [
            (each, self._npz(f"{place}/{each.path}", {**each.query, "max_points": each.max_points}))
            for each in requests
        ]
        points = boundary_points(spec.layout, len(spec.seeds)) if BOUNDARY.name in spec.layout else 2
        charts = self._read(schemas.ChartsResponse, self._request("GET", f"{place}/charts"))
        boundaries = {
            seed: self._npz(f"{place}/{BOUNDARY.path}", {"seed": seed, "max_points": points})
            for seed in spec.seeds
            if any(each.name == BOUNDARY.name for each in charts.charts)
        }
        return save(Report(experiment, diagnosis, series, self._facts(place), boundaries), path)

    def _facts(self, place: str) -> Facts | None:
        """Return the facts of an experiment; None if there are none yet."""
        try:
            return Facts.model_validate_json(self._request("GET", f"{place}/facts").content)
        except Refused as refused:
            if refused.problem.status != 404:
                raise
            return None

    def _npz(self, path: str, query: dict[str, str | int]) -> dict[str, np.ndarray]:
        content = self._request("GET", path, params=query, headers={"Accept": NPZ}).content
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return dict(archive)
