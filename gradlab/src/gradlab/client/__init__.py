"""The client of the service, and the sender of trainings that run elsewhere."""
