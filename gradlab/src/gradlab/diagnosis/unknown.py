"""Unknown: what a rule needs and a training does not give, with what the user could pass to make it known."""

FACTS = "`data=(x, y)` of a Watch, or the facts by `PUT /experiments/{id}/facts`"
CONFIGURATION = "a Watch, or `configuration` and `input_shape` of the layer in the spec"
GIVEN = "theory is about drawn weights, and it began with given ones"
WAIT = "nothing: a worker is going to work them out; ask again in some seconds"

GRAPH = "theory follows the signal along a chain of layers, and its network is a graph"


class Unknown(Exception):
    """A rule needs what a training does not give.

    Attributes:
        why: what is missing, as a clause.
        advice: what the user could pass; empty if nothing makes it known.
    """

    def __init__(self, why: str, advice: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.advice = advice


class Unrecorded(Unknown):
    """A rule reads a metric or a series that was not recorded. A spec of this service chose so by its `record`."""
