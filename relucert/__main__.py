"""``python -m relucert`` is the ``relucert`` command."""

from .cli.main import main

main()
