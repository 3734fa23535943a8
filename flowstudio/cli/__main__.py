"""`python -m flowstudio.cli`."""

from flowstudio.cli import main

main()
