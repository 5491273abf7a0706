"""Responses that are built from specs and diagnoses alone: those of the service, and those that a report holds."""
