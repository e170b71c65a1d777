"""Structure sets, their validation and properties, and the paper's tables."""
