"""Catalogue of the series: kinds and their statistics."""

from typing import Any

from gradlab.measurement.kinds import KINDS, STATISTICS, SeriesKind
from gradlab.schemas.catalogue import SeriesKindResponse, StatisticKindResponse
from gradlab.schemas.response_model import ResponseModel


def series_kinds() -> list[SeriesKindResponse]:
    """Build the responses for all kinds of series."""
    return list(map(_kind, KINDS))


def statistics() -> dict[str, list[StatisticKindResponse]]:
    """Build the responses for the statistics of each kind that has any."""
    return {
        kind: [StatisticKindResponse(**fields_of(StatisticKindResponse, each)) for each in of_kind]
        for kind, of_kind in STATISTICS.items()
    }


def fields_of(model: type[ResponseModel], source: object) -> dict[str, Any]:
    """Return the fields of a response that are attributes of `source`."""
    return {name: getattr(source, name) for name in model.model_fields}


def _kind(kind: SeriesKind) -> SeriesKindResponse:
    return SeriesKindResponse(
        name=kind.name,
        title=kind.title,
        path=kind.path,
        query=dict(kind.query),
        record=kind.record.name,
        shown_as=kind.shown_as,
        statistic=kind.default,
        since_epoch=kind.since_epoch,
        has_parameters=kind.has_parameters,
    )
