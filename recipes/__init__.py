"""How mini-mad and the minis were made. Run from the root of a checkout; not installed."""
