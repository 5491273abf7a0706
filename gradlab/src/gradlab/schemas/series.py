"""Responses with series. NaN and infinities are null; `first_nonfinite` names the first of them."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from gradlab.schemas.response_model import ResponseModel
from gradlab.schemas.status import Status


class NonfiniteResponse(ResponseModel):
    """First value of a series that is not finite, over all stored epochs of the run."""

    epoch: int
    kind: Literal["nan", "inf", "-inf"]


class SamplingResponse(ResponseModel):
    """Thinning of the epochs to `max_points`: `kept` out of `of`."""

    max_points: int
    kept: int
    of: int
    method: str = "evenly spaced epochs, the first and the last among them"


class MeasuredTensorResponse(ResponseModel):
    """Tensor of a layer: weights, or values that flow through the layer."""

    layer: str
    parameter: str = Field(
        description="kernel, bias, ... for weights; pre_activation or activation for values that flow through the layer"
    )
    shape: tuple[int, ...] = Field(description="shape without the batch axis")


class RunHistoryResponse(ResponseModel):
    """Metrics of a run: value i belongs to `epochs[i]`."""

    seed: int
    metrics: dict[str, list[float | None]]
    first_nonfinite: dict[str, NonfiniteResponse | None]


class HistoryResponse(ResponseModel):
    """Loss, metrics and learning rate after every epoch, on training and on validation samples."""

    experiment_id: UUID
    status: Status
    epochs: list[int]
    sampling: SamplingResponse | None
    runs: list[RunHistoryResponse]


class RunSeriesResponse(ResponseModel):
    """Values of a run: `values[i]` belongs to `epochs[i]`. A run that stopped early, or still trains, has fewer."""

    seed: int
    values: list[float | None]
    first_nonfinite: NonfiniteResponse | None


class TensorSeriesResponse(MeasuredTensorResponse):
    """Series of a tensor in all runs."""

    no_gradient: bool = Field(
        default=False,
        description="true if no gradient reaches these weights, as before an embedding: every value is null, and "
        "`first_nonfinite` is null too",
    )

    runs: list[RunSeriesResponse]


class StatisticResponse(ResponseModel):
    """Series of a statistic, per tensor and run."""

    experiment_id: UUID
    status: Status
    statistic: str
    missing: str = Field(
        default="", description="when a tensor has no such number, which is then null; empty if every tensor has one"
    )
    parameter: str = Field(description="the requested parameters, separated by commas")
    epochs: list[int] = Field(description="recorded epochs")
    sampling: SamplingResponse | None
    layers: list[TensorSeriesResponse]


class RunStepsResponse(ResponseModel):
    """Values of a run: `values[i][t]` belongs to `epochs[i]` and to time step t + 1."""

    seed: int
    values: list[list[float | None]]
    first_nonfinite: NonfiniteResponse | None


class LayerStepsResponse(MeasuredTensorResponse):
    """Back-propagated signal of a recurrent layer in all runs."""

    runs: list[RunStepsResponse]


class StepsResponse(ResponseModel):
    """Back-propagated signals of recurrent layers at each time step."""

    experiment_id: UUID
    status: Status
    statistic: str = "rms"
    epochs: list[int] = Field(description="recorded epochs")
    sampling: SamplingResponse | None
    layers: list[LayerStepsResponse]


class RunHistogramsResponse(ResponseModel):
    """Histograms of a run: `counts[i][b]` belongs to `epochs[i]` and to bin b."""

    seed: int
    counts: list[list[float]]


class LayerHistogramsResponse(MeasuredTensorResponse):
    """Histograms of a tensor in all runs."""

    runs: list[RunHistogramsResponse]


class HistogramsResponse(ResponseModel):
    """Histograms of the entries of gradients or weights, with fixed bins."""

    experiment_id: UUID
    status: Status
    of: str = Field(description="gradients or weights")
    edges: list[float] = Field(
        description="bin i counts edges[i-1] ≤ x < edges[i]; the first and the last bin extend to the infinities; NaN "
        "is not counted"
    )
    epochs: list[int] = Field(description="recorded epochs")
    sampling: SamplingResponse | None
    layers: list[LayerHistogramsResponse]


class RunBoundaryResponse(ResponseModel):
    """Outputs of a run: `values[i][c][row][column]` belongs to `epochs[i]`, `classes[c]`, `x[column]`, `y[row]`."""

    seed: int
    values: list[list[list[list[float | None]]]]
    first_nonfinite: NonfiniteResponse | None


class BoundaryResponse(ResponseModel):
    """Outputs of networks on a grid over the plane of their two inputs."""

    experiment_id: UUID
    status: Status
    layer: str = Field(description="the output layer")
    classes: list[int] = Field(description="class of each output unit; 1 for a single unit")
    threshold: float | None = Field(
        description="output above which a single unit predicts class 1; null if the largest output decides"
    )
    x: list[float] = Field(description="first input, scaled as the network receives it")
    y: list[float] = Field(description="second input")
    epochs: list[int] = Field(description="recorded epochs")
    sampling: SamplingResponse | None
    runs: list[RunBoundaryResponse]


class SamplesPartResponse(ResponseModel):
    """First samples of a part of the data: sample i has the inputs `x[i]`, `y[i]`."""

    total: int = Field(description="number of samples of the part")
    x: list[float] = Field(description="first input, scaled as the network receives it")
    y: list[float] = Field(description="second input")
    answers: list[int] | list[float] = Field(description="targets: classes, or the first label or value")


class SamplesResponse(ResponseModel):
    """Samples of a dataset with two inputs."""

    experiment_id: UUID
    dataset: str
    target: str = Field(description="kind of the targets: classes, labels or values")
    training: SamplesPartResponse
    validation: SamplesPartResponse


def example(tensor: tuple[str, str, list[int]], run: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Build an example for the description of the API: one layer, one run, two epochs."""
    layer, parameter, shape = tensor
    runs = [{"seed": 0, **run}]
    return {
        "experiment_id": "5a1c8d6e-3c1b-4c55-9a60-0f4be2a1c0de",
        "status": "completed",
        **more,
        "sampling": None,
        "layers": [{"layer": layer, "parameter": parameter, "shape": shape, "runs": runs}],
    }
