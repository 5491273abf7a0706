"""Response about the translation of a Keras model."""

from pydantic import Field

from gradlab.schemas.response_model import ResponseModel
from gradlab.spec.experiment import AnyModel
from gradlab.translate.from_keras import CompiledTraining


class TranslationResponse(ResponseModel):
    """A Keras model as parts of a spec."""

    model: AnyModel = Field(description="the network, as `model` of a spec")
    training: CompiledTraining | None = Field(
        description="loss, optimiser and metrics for `training` of a spec, to which epochs are added; null for a model "
        "that is not compiled"
    )
    dropped: list[str] = Field(description="arguments that were left out, as they change nothing of what is trained")
    notes: list[str] = Field(description="what has another name here, or is to be known")
    input_shapes: list[tuple[int | None, ...] | None] = Field(
        description="shape of each input without the batch axis; null for one, or for an axis, that is unknown"
    )
    output_shapes: list[tuple[int, ...] | None] = Field(
        description="shape of each output without the batch axis; null for one that is unknown"
    )
    names: dict[str, str] = Field(description="name of a layer in the spec -> its path in the Keras model")
