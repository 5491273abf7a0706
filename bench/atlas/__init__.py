"""Generator of `docs/diagnosis.md`: all rules and remedies, with a picture of an example for each rule.

python -m bench.atlas          trains every example, draws its picture, writes the text
python -m bench.atlas --text   writes the text alone, from the numbers stored beside the pictures
"""
