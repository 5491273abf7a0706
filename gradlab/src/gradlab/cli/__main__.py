"""Entry point of `python -m gradlab.cli`, which is `gradlab`."""

from gradlab.cli import main

main()
