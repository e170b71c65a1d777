"""The command line: ``lumlip models``, ``structures``, ``extract``, ``compare``, ``run``, ...

What takes time to import is imported where stopping it is one line.
"""

import signal
import sys
from collections.abc import Sequence
from typing import Any


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 2 if the user's input is wrong, 128 and more if stopped."""
    before: dict[int, Any] = {}
    try:
        before = _stop_on_signals()
        return _run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt as stopped:
        import logging
        from contextlib import suppress

        with suppress(OSError):  # the terminal may be gone
            logging.disable()  # what is left of a notebook's run would complain
            print("\nlumlip: stopped; what was done is kept", file=sys.stderr)
        return 128 + (stopped.args[0] if stopped.args else signal.SIGINT)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(argv: Sequence[str]) -> int:
    import os
    from contextlib import suppress

    from lumlip.arguments import parser
    from lumlip.errors import ChapterError, ExtractionError, FamilyEnvironmentError

    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed, as a daemon's are
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        with suppress(AttributeError):  # where there is no terminal, as in a notebook
            getattr(sys, name).reconfigure(errors="backslashreplace")  # Windows' code pages: no ω
    try:
        if sys.flags.optimize:  # ase reads files wrong then, and a page that is not true passes
            raise ValueError("Python runs without assertions: unset PYTHONOPTIMIZE, drop -O")
        options = vars(parser().parse_args(_shielded(argv)))
        command = options.pop("function")
        if format := options.pop("format", None):
            from lumlip.datasets.sets import read_structures

            options["structures"] = read_structures(options["structures"], format=format)
        code = command(**options) or 0
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError, ChapterError, ExtractionError, FamilyEnvironmentError) as error:
        # Errors that are the user's to mend: one line, without a traceback.
        print(f"lumlip: error: {error}{_hint(error)}", file=sys.stderr)
        return 2
    return int(code)


def _shielded(argv: Sequence[str]) -> list[str]:
    """Let a file whose name begins with a dash, such as one of many from `*`, be no option."""
    from pathlib import Path

    dashed = [word for word in argv if len(word) > 2 and word[0] == "-"]
    paths = [w for w in dashed if Path(w).exists() or Path(w.rpartition("@")[0] or w).exists()]
    return [f"./{word}" if word in paths else word for word in argv]


def _stop_on_signals() -> dict[int, Any]:
    """Let other signals stop as Ctrl-C does: workers and installers end, too."""
    known = [n for name in ("SIGTERM", "SIGHUP") if (n := getattr(signal, name, None))]
    try:
        return {number: signal.signal(number, _stop) for number in known}
    except ValueError:  # not in the main thread
        return {}


def _stop(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(number)


def _hint(error: Exception) -> str:
    """Say what can be done about an error of the operating system."""
    import errno
    from pathlib import Path

    from lumlip.runtime.paths import home

    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "; free some space and call it again: it goes on where it was"
    if number and Path(str(getattr(error, "filename", ""))).is_relative_to(home()):
        return "; set LUMLIP_HOME to a folder that you can write to"
    return ""


if __name__ == "__main__":
    sys.exit(main())
