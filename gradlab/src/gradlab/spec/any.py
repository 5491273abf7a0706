"""AnySpec: the spec of a training in this service or of one that runs elsewhere; `source` says which."""

from typing import Annotated, Any

from pydantic import ConfigDict, Discriminator, Tag, TypeAdapter

from gradlab.spec.experiment import ExperimentSpec
from gradlab.spec.external import ExternalSpec

SERVICE, EXTERNAL = "service", "external"


def source_of(spec: Any) -> str:
    """Return the source of a spec, a model or its JSON object: ``external`` if it says so, else ``service``."""
    if isinstance(spec, ExternalSpec):
        return EXTERNAL
    return EXTERNAL if isinstance(spec, dict) and spec.get("source") == EXTERNAL else SERVICE


AnySpec = Annotated[
    Annotated[ExperimentSpec, Tag(SERVICE)] | Annotated[ExternalSpec, Tag(EXTERNAL)], Discriminator(source_of)
]

ANY_SPEC: TypeAdapter[ExperimentSpec | ExternalSpec] = TypeAdapter(AnySpec, config=ConfigDict(defer_build=True))
