"""Measures of similarity."""
