"""Outputs of a trained PyTorch model over the plane of its two inputs."""

from gradlab.facts import Facts
from gradlab.measurement.plane import Plane
from gradlab.torch.session import Session
from gradlab.watch.plane import in_plane, plane_of


def plane_of_session(session: Session, facts: Facts | None) -> Plane | None:
    """Return a model's outputs around its samples, as in inference; None where there is no plane. It changes nothing.

    Args:
        session: of the model.
        facts: of its samples; None if they are unknown.
    """
    if not in_plane(facts):
        return None
    given = [each for each in (session.samples, session.validation) if each is not None]
    arrays = [each.arrays(each.count) for each in given]
    return plane_of([each[0] for each in arrays if each is not None], session.evaluation.outputs_of)
