"""How the minis were trained."""
