"""Paths, environments of the families, settings of the installer."""
