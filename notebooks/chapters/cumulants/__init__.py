"""Chapter 05: averages and cumulants."""
