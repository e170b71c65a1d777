"""Controls: what sources without learning recover of a model, and what measuring does."""
