"""Variants of one architecture."""
