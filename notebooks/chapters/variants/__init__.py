"""Chapter 02: variants of one architecture."""
