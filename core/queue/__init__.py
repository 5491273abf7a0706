"""The bell that wakes a worker: the queue, and the transports that keep what is not a message away from the workers."""

from core.queue.job_queue import CeleryQueue, JobQueue, celery_config
from core.queue.messages import QUEUE, TRAIN

__all__ = ["QUEUE", "TRAIN", "CeleryQueue", "JobQueue", "celery_config"]
