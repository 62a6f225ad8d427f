"""`python -m app.interfaces.cli`: the same as `warmline`, where no script is installed."""

from app.interfaces.cli import main

main()
