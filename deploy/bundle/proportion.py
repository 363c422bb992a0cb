"""What a measured proportion says of the true one."""


def wilson(right: int, of: int, *, z: float = 1.959964) -> tuple[float, float]:
    """Bounds of a proportion at 95 % confidence (Wilson, "Probable Inference", 1927).

    Unlike the usual ± it stays within 0 and 1, and says something of 0 or all of a few.
    """
    if of == 0:
        return 0.0, 1.0
    share, square = right / of, z * z
    middle = share + square / (2 * of)
    reach = z * ((share * (1 - share) + square / (4 * of)) / of) ** 0.5
    whole = 1 + square / of
    return max(0.0, (middle - reach) / whole), min(1.0, (middle + reach) / whole)
