"""The job queue, and transports that put aside everything in a broker that is not a message of this service."""

from core.queue.job_queue import CeleryQueue, JobQueue, celery_config
from core.queue.messages import QUEUE, TRAIN

__all__ = ["QUEUE", "TRAIN", "CeleryQueue", "JobQueue", "celery_config"]
