"""Validators of the models that FastAPI reads."""

from pydantic import BaseModel

# Their models are built by their common parent; here is what makes Python read them.
from gradlab.schemas import diagnosis, events, experiments, external, series, treatments  # noqa: F401
from gradlab.spec import ExperimentSpec, ExternalSpec


def build_models() -> None:
    """Build every validator. The library leaves that to the first use; FastAPI reads it while it reads the routes, and
    keeps Pydantic's warning about its aliases quiet only then.
    """
    for model in (ExperimentSpec, ExternalSpec, treatments.TreatmentRequest, experiments.ResponseModel):
        _build(model)


def _build(model: type[BaseModel]) -> None:
    model.model_config["defer_build"] = False
    model.model_rebuild()
    for each in model.__subclasses__():
        _build(each)
