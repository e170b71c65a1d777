"""What the chapter on distance and disagreement needs beyond the library."""
