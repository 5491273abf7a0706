"""Knowledge of what is measured of a training: the kinds of series."""
