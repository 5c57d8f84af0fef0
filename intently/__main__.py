"""`python -m intently`."""

from intently.cli import main

main()
