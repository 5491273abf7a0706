"""Series as the API answers them, typed: NaN and infinities become null, with `first_nonfinite` beside them."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from gradlab.schemas.response_model import ResponseModel
from gradlab.schemas.status import Status


class NonfiniteResponse(ResponseModel):
    """The first value of a series that is not finite, over the whole run as stored."""

    epoch: int
    kind: Literal["nan", "inf", "-inf"]


class SamplingResponse(ResponseModel):
    """What was left out because `max_points` asked for it."""

    max_points: int
    kept: int
    of: int
    method: str = "evenly spaced epochs, the first and the last among them"


class MeasuredTensorResponse(ResponseModel):
    """One tensor: a layer's weights, or what flows through it."""

    layer: str
    parameter: str = Field(description="kernel, bias ... for weights; pre_activation, activation for what flows")
    shape: tuple[int, ...] = Field(description="without the batch axis")


class RunHistoryResponse(ResponseModel):
    """One run's metrics: value i belongs to `epochs[i]`."""

    seed: int
    metrics: dict[str, list[float | None]]
    first_nonfinite: dict[str, NonfiniteResponse | None]


class HistoryResponse(ResponseModel):
    """Loss, metrics and learning rate after every epoch, on the training and the validation samples."""

    experiment_id: UUID
    status: Status
    epochs: list[int]
    sampling: SamplingResponse | None
    runs: list[RunHistoryResponse]


class RunSeriesResponse(ResponseModel):
    """One run's values: `values[i]` belongs to `epochs[i]`; fewer where it stopped early or has not got that far."""

    seed: int
    values: list[float | None]
    first_nonfinite: NonfiniteResponse | None


class TensorSeriesResponse(MeasuredTensorResponse):
    """One tensor's series in all runs."""

    no_gradient: bool = Field(
        default=False,
        description="True if no gradient reaches these weights, as before an embedding: every value is null, and this "
        "is no number that is not finite",
    )

    runs: list[RunSeriesResponse]


class StatisticResponse(ResponseModel):
    """One statistic, per tensor and run."""

    experiment_id: UUID
    status: Status
    statistic: str
    parameter: str = Field(description="the parameters asked for, separated by commas")
    epochs: list[int] = Field(description="the recorded ones")
    sampling: SamplingResponse | None
    layers: list[TensorSeriesResponse]


class RunStepsResponse(ResponseModel):
    """One run's values: `values[i][t]` belongs to `epochs[i]` and to time step t + 1."""

    seed: int
    values: list[list[float | None]]
    first_nonfinite: NonfiniteResponse | None


class LayerStepsResponse(MeasuredTensorResponse):
    """One recurrent layer's signal in all runs."""

    runs: list[RunStepsResponse]


class StepsResponse(ResponseModel):
    """The signal that comes back to recurrent layers at each time step."""

    experiment_id: UUID
    status: Status
    statistic: str = "rms"
    epochs: list[int] = Field(description="the recorded ones")
    sampling: SamplingResponse | None
    layers: list[LayerStepsResponse]


class RunHistogramsResponse(ResponseModel):
    """One run's histograms: `counts[i][b]` belongs to `epochs[i]` and to bin b."""

    seed: int
    counts: list[list[float]]


class LayerHistogramsResponse(MeasuredTensorResponse):
    """One tensor's histograms in all runs."""

    runs: list[RunHistogramsResponse]


class HistogramsResponse(ResponseModel):
    """How the entries of gradients or weights are distributed over fixed bins."""

    experiment_id: UUID
    status: Status
    of: str = Field(description="gradients or weights")
    edges: list[float] = Field(
        description="bin i holds edges[i-1] ≤ x < edges[i]; the first and the last bin reach to the infinities; "
        "a NaN is in no bin"
    )
    epochs: list[int] = Field(description="the recorded ones")
    sampling: SamplingResponse | None
    layers: list[LayerHistogramsResponse]


class RunBoundaryResponse(ResponseModel):
    """One run's answers: `values[i][c][row][column]` belongs to `epochs[i]`, `classes[c]`, `x[column]`, `y[row]`."""

    seed: int
    values: list[list[list[list[float | None]]]]
    first_nonfinite: NonfiniteResponse | None


class BoundaryResponse(ResponseModel):
    """What networks answer on a grid over the plane of their two inputs."""

    experiment_id: UUID
    status: Status
    layer: str = Field(description="the output layer")
    classes: list[int] = Field(description="which class each output unit speaks for; a single unit speaks for class 1")
    threshold: float | None = Field(
        description="a single unit says class 1 above it and class 0 below; null: the class of the largest output"
    )
    x: list[float] = Field(description="the first input, as the network is given it")
    y: list[float] = Field(description="the second input")
    epochs: list[int] = Field(description="the recorded ones")
    sampling: SamplingResponse | None
    runs: list[RunBoundaryResponse]


class SamplesPartResponse(ResponseModel):
    """The first samples of a part of the data: sample i lies at `x[i]`, `y[i]`."""

    total: int = Field(description="how many there are in all")
    x: list[float] = Field(description="the first input, as the network is given it")
    y: list[float] = Field(description="the second input")
    answers: list[int] | list[float] = Field(description="classes; the first label or value where it has several")


class SamplesResponse(ResponseModel):
    """The samples of data with two inputs."""

    experiment_id: UUID
    dataset: str
    target: str = Field(description="what the answers are: classes, labels or values")
    training: SamplesPartResponse
    validation: SamplesPartResponse


def example(tensor: tuple[str, str, list[int]], run: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An answer as the documentation shows it: one layer, one run, two epochs."""
    layer, parameter, shape = tensor
    runs = [{"seed": 0, **run}]
    return {
        "experiment_id": "5a1c8d6e-3c1b-4c55-9a60-0f4be2a1c0de",
        "status": "completed",
        **more,
        "sampling": None,
        "layers": [{"layer": layer, "parameter": parameter, "shape": shape, "runs": runs}],
    }
