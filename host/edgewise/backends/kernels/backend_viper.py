"""Says which kernel answers."""

BACKEND = "viper"
