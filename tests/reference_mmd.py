"""MMD by plain loops in double precision, the reference of the loss tests."""

import torch

PUBLISHED = (2, 5, 10, 20, 40, 80)


def kernel(a, b, variances):
    return sum(torch.exp(-((a - b) ** 2).sum() / (2 * v)) for v in variances)


def brute_force(fake, real, variances, weights=None):
    """MMD^2 of one class by plain loops, in double precision."""
    m, n = len(fake), len(real)
    weights = torch.full((n,), 1 / n, dtype=torch.float64) if weights is None else weights / weights.sum()
    total = torch.zeros((), dtype=torch.float64)
    for i in range(m):
        for j in range(m):
            total = total + kernel(fake[i], fake[j], variances) / m**2
    for i in range(n):
        for j in range(n):
            total = total + weights[i] * weights[j] * kernel(real[i], real[j], variances)
    for i in range(m):
        for j in range(n):
            total = total - 2 * weights[j] / m * kernel(fake[i], real[j], variances)
    return total
