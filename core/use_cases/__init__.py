"""Use-cases of the service."""
