"""Models step by step: how far families are apart at each stage, and in what."""
