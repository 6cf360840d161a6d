"""Entry point of `unlearn-job`: Ctrl-C ends it without a traceback from the first moment on."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line. Nothing is loaded outside: whoever stops a command may be quick."""
    try:
        from unlearn_job.cli import main as command_line  # noqa: PLC0415

        command_line()
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell; the constant's module is among what was being loaded


if __name__ == "__main__":
    main()
