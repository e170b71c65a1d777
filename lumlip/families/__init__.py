"""One file per model family: how to load a checkpoint and where its latent features sit.

A family file ``NAME.py`` begins with a PEP 723 block (its environment, exactly pinned; read without
running the file) and defines ``PACKAGE``, the name to import, ``FEATURES_VERSION``, and
``Extractor``, a subclass of :class:`lumlip.families.base.Extractor`. Nothing else has to be
registered anywhere. A file whose name starts with an underscore is no family: several share it.
The file of a family may also lie in another package, see :mod:`lumlip.runtime.environments`.

``FEATURES_VERSION`` is raised by hand with every change that moves a number: features made before
are then not used again. What all families share has one of its own, in
:mod:`lumlip.extraction.arrays`.
"""

import os

__path__ += filter(None, [os.environ.get("LUMLIP_FAMILY_FOLDER")])
