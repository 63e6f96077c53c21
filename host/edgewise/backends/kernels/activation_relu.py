"""What a layer's sum gives to the next one: nothing below zero."""


def _activated(total):
    return total if total > 0 else 0.0
