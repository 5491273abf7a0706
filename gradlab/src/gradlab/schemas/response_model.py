"""Base class of all responses."""

from typing import Self

from pydantic import BaseModel, ConfigDict

from gradlab.frozen import STORED


class ResponseModel(BaseModel):
    """Base class of all responses and of their parts. A validator is built at the first use of its model."""

    model_config = ConfigDict(defer_build=True)

    @classmethod
    def read(cls, content: str | bytes) -> Self:
        """Parse a response. Specs in it are accepted even where they exceed this version's bounds.

        Raises:
            ValidationError: the content is not JSON, or does not fit the model.
        """
        return cls.model_validate_json(content, context=STORED)
