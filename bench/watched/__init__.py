"""Trainings of `bench.watch`, in the process of one framework: `python -m bench.watched FRAMEWORK`.

It imports nothing of the service, so that it also runs where only the library is installed.
"""
