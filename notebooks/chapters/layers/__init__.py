"""Backbone and last layer."""
