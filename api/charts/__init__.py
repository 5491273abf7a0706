"""Pictures of the series, drawn on the server: one file per view, from plain arrays and names to a figure.

Figures are matplotlib's own objects, made without its global state: safe in threads, and the same data give the same
bytes.
"""
