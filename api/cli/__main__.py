"""`python -m api.cli` is `gradlab`."""

from api.cli.main import main

main()
