"""What goes wrong on the machine, told to the person in front of it."""

import sys
from collections.abc import Callable


class LocalError(Exception):
    """The local stack cannot do what was asked; the message says why and what to do."""


def run_for_person(main: Callable[[], int]) -> int:
    """Run a command of this package: a LocalError becomes its message and exit code 1, Ctrl-C code 130."""
    try:
        return main()
    except LocalError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
