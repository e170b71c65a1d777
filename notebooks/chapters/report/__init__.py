"""What the page about one model needs."""
