"""Datasets that a spec may name. All of them are listed in `gradlab.vocabulary.datasets.registry`."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

from gradlab.frozen import one_of
from gradlab.vocabulary.datasets.arrays import Arrays, Dataset
from gradlab.vocabulary.datasets.dataset import DatasetSpec

if TYPE_CHECKING:
    AnyDataset = DatasetSpec
else:

    class _OneOfTheRegistry:
        """Marks a field that holds a dataset. Its kinds are imported when the field's validator is built.

        Who sends or diagnoses a training of their own reads no dataset, and does not wait for two dozen modules.
        """

        @staticmethod
        def __get_pydantic_core_schema__(_: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
            from gradlab.vocabulary.datasets.registry import KINDS

            return handler.generate_schema(one_of(KINDS))

    AnyDataset = Annotated[Any, _OneOfTheRegistry]

__all__ = ["AnyDataset", "Arrays", "Dataset", "DatasetSpec"]
