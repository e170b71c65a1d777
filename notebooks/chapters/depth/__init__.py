"""Models layer by layer: what each step holds, what it forgets, and where models part."""
