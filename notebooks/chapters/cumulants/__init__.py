"""Averages and cumulants."""
