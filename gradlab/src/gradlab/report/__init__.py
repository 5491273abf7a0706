"""The report of a training: one HTML file that opens offline, drawn by the modules of the dashboard.

`write` writes it from runs in this process, `gradlab.client.Client.report` from the answers of a service.
"""

from gradlab.report.experiment import experiment_of
from gradlab.report.page import Report, framed
from gradlab.report.requests import SeriesRequest, boundary_points, series_requests
from gradlab.report.writing import report_of, save, write

__all__ = [
    "Report",
    "SeriesRequest",
    "boundary_points",
    "experiment_of",
    "framed",
    "report_of",
    "save",
    "series_requests",
    "write",
]
