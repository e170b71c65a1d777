"""Controls: features that know nothing, other ways to measure, and what survives both."""
