"""The laboratory: what an experiment is, how it is trained, measured and kept. Knows neither HTTP nor Celery tasks."""
