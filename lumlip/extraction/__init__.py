"""Features of models: jobs, workers, and the store that keeps them."""
