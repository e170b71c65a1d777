"""Building, running and testing the book."""
