"""Charts of series, drawn by the server. Each module draws one kind of chart from arrays and names.

Figures are Matplotlib's own objects, made without its global state. That makes them safe in threads. The same data
give the same bytes.
"""
