"""Standard output kept for the caller of a worker."""

import os
from typing import TextIO

#: Where a worker of a model writes all else, in the folder of its job.
LOG = "worker.log"


def private_stdout() -> TextIO:
    """Keep standard output for the caller: what packages print goes to standard error."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return channel
