"""Shelf: one file for each rule, its question with the thresholds and where they come from."""
