"""The page of the atlas: its entries side by side, and what its pickers show."""
