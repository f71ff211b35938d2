"""``python -m cimsim`` is the command ``cimsim``."""

from cimsim.cli.main import main

main()
