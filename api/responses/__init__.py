"""Responses, built from records and results."""
