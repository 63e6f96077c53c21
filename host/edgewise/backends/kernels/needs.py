"""Which features the model reads, where it does not read them all."""

NEEDS = (0,)  # places in the row; the others may be any finite numbers
