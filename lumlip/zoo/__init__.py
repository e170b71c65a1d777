"""The table of models: where weights lie, and how models are related."""
