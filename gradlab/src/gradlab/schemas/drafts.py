"""Requests and responses of drafts: a Keras model and an uploaded dataset put together as a spec."""

from typing import Annotated

from pydantic import Field

from gradlab.frozen import Frozen, Name
from gradlab.schemas.response_model import ResponseModel
from gradlab.spec import ExperimentSpec
from gradlab.spec.training import LossOrLosses
from gradlab.translate.from_keras.text import MAX_CHARACTERS
from gradlab.vocabulary.datasets.uploaded import DatasetId, Features, Targets, Tasks
from gradlab.vocabulary.optimizers import Optimizer
from gradlab.vocabulary.preparations import AnyPreparation

MAX_EPOCHS, MAX_BATCH, MAX_SEEDS, MAX_STEPS = 1_000_000, 1_000_000, 10_000, 1_000
# `fit`'s own batch size, https://keras.io/api/models/model_training_apis/.
BATCH_SIZE = 32
# Fewer seeds cannot separate a cure from chance among a dozen changes: `TreatmentRequest.seeds`.
SEEDS = 5


class DraftRequest(Frozen):
    """A Keras model, a dataset, and what is known of the training. What is null is assumed, and said."""

    configuration: Annotated[str, Field(min_length=2, max_length=MAX_CHARACTERS)]
    """The model's configuration as text: `model.to_json()`, or the content of config.json in a `.keras` file."""
    dataset: DatasetId
    """The uploaded dataset: it must be ready."""
    name: Name = "untitled"
    """The experiment's name."""
    target: Targets | None = None
    """The column to predict; several for labels or values. Null: the one that the profile proposes. For a model with
    several outputs an object with the columns of each; null: the columns of their names."""
    features: Features | None = None
    """The input columns in the order of the model's inputs. Null: all others that fit the model's input. For a model
    with several inputs an object with the columns of each; null: the columns of their names."""
    task: Tasks | None = None
    """The task, for several outputs also an object by output. Null: the one that the target's column shows."""
    validation: DatasetId | None = None
    """Another uploaded dataset whose rows are all for validation. Null: a part of this one."""
    prepare: Annotated[tuple[AnyPreparation, ...], Field(strict=False, max_length=MAX_STEPS)] | None = None
    """The steps that prepare columns. Null: those without which the columns are no numbers."""
    loss: LossOrLosses | None = None
    """The loss, for several outputs also an object by output. Null: the one that the model was compiled with, else the
    task's usual one."""
    optimizer: Optimizer | None = None
    """The optimiser. Null: the one that the model was compiled with, else Adam."""
    epochs: int | None = Field(default=None, ge=1, le=MAX_EPOCHS)
    """Number of epochs. Null: as many as `seconds` allow for one seed, from 20 to 500."""
    seconds: float = Field(default=60.0, gt=0, le=86_400)
    """The estimated time for which one seed trains, in seconds, where `epochs` is null."""
    batch_size: int = Field(default=BATCH_SIZE, ge=1, le=MAX_BATCH)
    """Samples of a batch."""
    seeds: int = Field(default=SEEDS, ge=1, le=MAX_SEEDS)
    """Number of seeds."""


class DraftResponse(ResponseModel):
    """Spec of a training of the user's model on the user's samples, ready to be submitted."""

    spec: ExperimentSpec
    assumptions: list[str] = Field(description="what was assumed where nothing was said, a sentence each")
    notes: list[str] = Field(description="what has another name in the spec than in Keras, or is to be known")
    dropped: list[str] = Field(description="arguments of the model that were left out, as they change nothing")
    seconds: float = Field(description="estimated time in which one seed trains, in seconds")
