"""Files in the place of published checkpoints: their architecture and sizes, random weights."""
