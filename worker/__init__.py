"""The engine room: the Celery application and its tasks."""
