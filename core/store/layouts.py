"""Layouts as they were when their experiments were added. The registries may have changed since."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from core.store.tables import layouts
from gradlab.measurement.history import Layout, SeriesLayout, Tensor


def add(connection: Connection, added: Mapping[int, dict[str, Any]]) -> None:
    """Store the layouts of new experiments, as `columns` returns them, by the number of each."""
    rows = [{"experiment": number, **each} for number, each in added.items()]
    connection.execute(insert(layouts), rows)


def replace(connection: Connection, number: int, layout: Layout) -> None:
    """Replace the layout of an experiment that has no stored series."""
    connection.execute(update(layouts).where(layouts.c.experiment == number).values(columns(layout)))


def get(connection: Connection, number: int) -> Layout:
    """Return the layout of an experiment."""
    row = connection.execute(select(layouts).where(layouts.c.experiment == number)).one()
    return Layout(metrics=tuple(row.metrics), series=tuple(map(_read, row.series)))


def columns(layout: Layout) -> dict[str, Any]:
    """Return the columns of a layout's row, before it has a number."""
    series = [
        {
            "kind": each.kind,
            "tensors": list(map(_tensor, each.tensors)),
            "columns": list(each.columns),
            "every": each.every,
        }
        for each in layout.series
    ]
    return {"metrics": list(layout.metrics), "series": series}


def _tensor(tensor: Tensor) -> list[Any]:
    """Write a tensor; its role only where it is declared, as in trainings elsewhere."""
    role = [tensor.declared_role] if tensor.declared_role else []
    return [tensor.layer, tensor.parameter, list(tensor.shape), *role]


def _read(series: dict[str, Any]) -> SeriesLayout:
    tensors = tuple(
        Tensor(layer, parameter, tuple(shape), *role) for layer, parameter, shape, *role in series["tensors"]
    )
    return SeriesLayout(series["kind"], tensors, tuple(series["columns"]), series["every"])
