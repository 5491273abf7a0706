"""The machinery of the service: plan, training, store, queue, treatments and use-cases. No HTTP, no Celery tasks."""
