"""How the structure sets that come with lumlip were made: run once, results committed."""
