"""Client of the service, and sender of external trainings."""
