"""Builders of responses from records and results."""
