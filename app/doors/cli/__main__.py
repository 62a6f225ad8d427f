"""`python -m app.doors.cli`: the same as `warmline`, where no script is installed."""

from app.doors.cli import main

main()
