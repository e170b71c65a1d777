"""One file per model family: how to load a checkpoint and where its latent features sit.

A family file ``NAME.py`` begins with a PEP 723 block (its environment, exactly pinned; read without
running the file) and defines ``PACKAGE``, the name to import, and ``Extractor``, a subclass of
:class:`lumlip.families.base.Extractor`. Nothing else has to be registered anywhere.
"""
