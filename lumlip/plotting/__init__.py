"""The look of the figures, and the figures that several pages draw."""
