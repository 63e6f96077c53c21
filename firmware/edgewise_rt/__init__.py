"""What runs on the board, and on the host where the same file has to give the same numbers: sampling, windows, features."""
