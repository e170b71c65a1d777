"""Chapter 07: measures of similarity."""
