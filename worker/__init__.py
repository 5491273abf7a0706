"""The worker: the Celery application and its tasks."""
