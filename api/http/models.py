"""Validators of the models that FastAPI reads."""

from pydantic import BaseModel

from gradlab.facts import Facts, Wiring

# Responses are built through their base class; these imports define all of its subclasses.
from gradlab.schemas import (  # noqa: F401
    catalogue,
    charts,
    diagnosis,
    drafts,
    events,
    experiments,
    external,
    health,
    series,
    studies,
    treatments,
)
from gradlab.schemas.response_model import ResponseModel
from gradlab.spec import ExperimentSpec, ExternalSpec
from gradlab.spec.study import StudySpec


def build_models() -> None:
    """Build the validator of every request and response.

    The library builds a validator at the first use of its model. FastAPI uses them while it reads the routes, and only
    then does it suppress Pydantic's warning about aliases.
    """
    requests = (
        drafts.DraftRequest,
        studies.StudyExtensionRequest,
        studies.StudyRequest,
        StudySpec,
        treatments.TreatmentRequest,
    )
    for model in (ExperimentSpec, ExternalSpec, Facts, Wiring, *requests, ResponseModel):
        _build(model)


def _build(model: type[BaseModel]) -> None:
    model.model_config["defer_build"] = False
    model.model_rebuild()
    for subclass in model.__subclasses__():
        _build(subclass)
