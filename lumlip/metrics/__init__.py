"""Arrays in, numbers out: reconstruction, similarity, cumulants, splits, bootstrap."""
