"""The atlas of illnesses: `docs/diagnosis.md`, from the catalogue, with a picture of each that the project made.

python -m bench.atlas          trains every example, draws its picture, writes the text
python -m bench.atlas --text   writes the text alone, from the numbers that are kept beside the pictures
"""
