"""What several chapters need."""
