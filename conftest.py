"""Regression tests of the notebooks: nbval runs them again and compares with a tolerance.

Every number of the book is recomputed by ``pytest``. Text and integers are compared exactly,
decimals within the tolerances of ``tests/close_text.py``; figures and stderr are not
compared.
This file stands at the root so that it also counts for ``pytest notebooks/01_claim.ipynb``.
"""

import os
import shutil
import tempfile
from pathlib import Path

from lumlip.book.kernel import KERNEL_ENVIRONMENT

# Before numpy is imported: the tests sum like the notebooks.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, KERNEL_ENVIRONMENT[name])

from nbval import kernel, plugin  # noqa: E402

from lumlip.book import versions  # noqa: E402
from lumlip.book.chapters import DATA_VARIABLE  # noqa: E402
from tests.close_text import CloseText  # noqa: E402

# Scripts of the book are run as notebooks, not imported for doctests.
collect_ignore_glob = ["notebooks/[0-9r]*.py", "book/*.py", "_build", "runs"]

VIEWER_DATA = tempfile.mkdtemp(prefix="lumlip-viewer-data-")
#: Chapters with models or layers that no other asks for, and about how many seconds these take.
FEATURES_OF_THEIR_OWN, EXTRACTION = ("02", "04", "06"), 100
NOT_COMPARED = ("image/svg+xml", "text/csv", "stderr")

_sanitize = plugin.IPyNbCell.sanitize
_make_file = plugin.IPyNbFile.__init__
_find_kernel = kernel.NbvalKernelspecManager.get_kernel_spec


def _tolerant_sanitize(self, text):
    clean = _sanitize(self, text)
    return CloseText(clean) if isinstance(clean, str) else clean


def _make_file_with_skips(self, *args, **kwargs):
    _make_file(self, *args, **kwargs)
    self.skip_compare += NOT_COMPARED


def _kernel_with_environment(self, kernel_name):
    """Run under the same conditions as `execute`; leave the checkout alone."""
    spec = _find_kernel(self, kernel_name)
    spec.env = {**spec.env, **KERNEL_ENVIRONMENT, DATA_VARIABLE: VIEWER_DATA}
    return spec


plugin.IPyNbCell.sanitize = _tolerant_sanitize
plugin.IPyNbFile.__init__ = _make_file_with_skips
kernel.NbvalKernelspecManager.get_kernel_spec = _kernel_with_environment


def pytest_collection_modifyitems(items):
    """Put the notebooks last, as a broken function shows within seconds; the longest come first."""
    seconds = versions.recorded(Path(__file__).parent / "book" / "_data")["seconds"]

    def late(item):
        is_cell, name = isinstance(item, plugin.IPyNbCell), item.path.stem
        expected = seconds.get(name, 0) + EXTRACTION * name.startswith(FEATURES_OF_THEIR_OWN)
        return is_cell, -expected * is_cell

    items.sort(key=late)


def pytest_unconfigure():
    """Remove what the notebooks wrote for their viewers."""
    shutil.rmtree(VIEWER_DATA, ignore_errors=True)
