"""Registry of the charts of a study: names, and which query parameters each takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from api.charts.studies import lines, maps, parallel
from api.charts.studies.query import StudyChartQuery
from gradlab.errors import NotFound
from gradlab.spec.study import StudySpec


@dataclass(frozen=True)
class StudyView:
    """Chart of a study.

    Attributes:
        name: its name, as in its address.
        shows: a description, in a sentence.
        takes: names of the query parameters that it accepts.
        draw: draws it. Raises NotFound if the study has not what it needs, Invalid for an unknown name.
        has_needed: true of a study that has what it needs.
    """

    name: str
    shows: str
    takes: tuple[str, ...]
    draw: Callable[[StudyChartQuery], Figure]
    has_needed: Callable[[StudySpec], bool] = lambda _: True


def _in_plane(spec: StudySpec) -> bool:
    return len(spec.axes) > 1


STUDY_VIEWS: tuple[StudyView, ...] = (
    StudyView("map", "one column of the table over two axes, in colours", ("column", "axis"), maps.draw, _in_plane),
    StudyView("diagnosis", "which illness is where, over two axes", ("axis",), maps.draw_diagnosis, _in_plane),
    StudyView("lines", "one column over one axis, a line for each value of the others", ("column", "axis"), lines.draw),
    StudyView("failures", "the share of seeds that fail over one axis, with intervals", ("axis",), lines.draw_failures),
    StudyView(
        "arriving",
        "the share of the signal that arrives, over one axis",
        ("axis",),
        lines.draw_arriving,
        lambda spec: bool(lines.arriving(spec)),
    ),
    StudyView(
        "course",
        "measures over their epochs, a line for each cell",
        (),
        lines.draw_course,
        lambda spec: bool(lines.courses(spec)),
    ),
    StudyView("parallel", "each cell as a line across all axes", ("column",), parallel.draw),
)


def study_view_named(name: str) -> StudyView:
    """Return the view of that name.

    Raises:
        NotFound: there is none; the message lists the names.
    """
    views: Mapping[str, StudyView] = {view.name: view for view in STUDY_VIEWS}
    if name not in views:
        raise NotFound(f"There is no chart {name!r} of a study; there are {', '.join(views)}.")
    return views[name]
