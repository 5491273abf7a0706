"""Independent learners of scikit-learn whose scores are the reference for a network's."""

from typing import Any

from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

LEARNERS: dict[str, Any] = {
    "ridge": Ridge,
    "logistic": lambda: LogisticRegression(max_iter=2000),
    "neighbours": KNeighborsClassifier,
    "neighbours of values": KNeighborsRegressor,
    "forest": lambda: RandomForestClassifier(random_state=0),
    "forest of values": lambda: RandomForestRegressor(random_state=0),
}


def learner_of(name: str) -> Pipeline:
    """Return a new learner by its name in `LEARNERS`, which standardises its inputs first."""
    return make_pipeline(StandardScaler(), LEARNERS[name]())
