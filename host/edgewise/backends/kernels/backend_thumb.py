"""Says which kernel answers."""

BACKEND = "thumb"
