"""One-against-rest probabilities made to add up to one."""


def _normalized(shares):
    total = sum(shares)
    if total == 0:
        return [1 / len(shares)] * len(shares)
    for k, share in enumerate(shares):
        shares[k] = share / total
    return shares
