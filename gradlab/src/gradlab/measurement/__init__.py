"""Measurements of a training: histories, kinds of series and their statistics."""
