"""Chapter 04: backbone and last layer."""
