"""Chapter 03: fine-tuning."""
