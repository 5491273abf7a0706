"""Requests and responses of the HTTP API: all in the library, under one naming scheme, with built validators."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.app import ROUTES
from gradlab import schemas
from gradlab.facts import Facts
from gradlab.profile import Profile
from gradlab.schemas.response_model import ResponseModel

# Bodies that are sent, bodies that are received with all their parts, and messages of the event stream.
SUFFIXES = ("Request", "Response", "Event")
# The term of RFC 9457, and the part of one.
OTHER_NAMES = {"ProblemDocument", "FieldProblem"}


def models() -> Iterator[type[BaseModel]]:
    """Iterate over the models that the modules of `gradlab.schemas` define, base classes left out."""
    for info in iter_modules(schemas.__path__):
        module = import_module(f"gradlab.schemas.{info.name}")
        for value in vars(module).values():
            is_model = isinstance(value, type) and issubclass(value, BaseModel) and value is not ResponseModel
            if is_model and value.__module__ == module.__name__:
                yield value


def subclasses(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for subclass in model.__subclasses__():
        yield subclass
        yield from subclasses(subclass)


def test_every_model_follows_the_naming_scheme_and_is_built():
    for model in models():
        assert model.__name__.endswith(SUFFIXES) or model.__name__ in OTHER_NAMES, model
        assert model.__pydantic_complete__, f"import gradlab.schemas.{model.__module__} in api/http/models.py"


def test_the_service_defines_no_model_of_its_own():
    assert not [model for model in subclasses(BaseModel) if model.__module__.startswith("api.")]
    routes = [route for module in ROUTES for route in module.router.routes if isinstance(route, APIRoute)]
    answered = {route.response_model for route in routes if isinstance(route.response_model, type)}
    assert len(answered) > 15
    # Facts and profiles are answered as they are stored.
    assert {model.__module__.rpartition(".")[0] for model in answered - {type(None), Facts, Profile}} == {
        "gradlab.schemas"
    }
