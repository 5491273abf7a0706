"""Scaffolds: the files of a new dataset, layer, statistic, kind of series, rule or remedy, with placeholders.

`python -m scripts.scaffold dataset NAME` writes them. Each part that is still to be written has the word of `MARK`,
and the tests of the registries name every place where it stands.
"""

MARK = "PLACEHOLDER"
