"""`python -m gradlab.cli` is `gradlab`."""

from gradlab.cli import main

main()
