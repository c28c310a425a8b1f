"""Connected components of label maps."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def components(labels: Tensor) -> tuple[Tensor, Tensor, np.ndarray]:
    """Components of equal label under 8-connectivity.

    Args:
        labels (Tensor): shape (N, H, W), of any integer type.

    Returns:
        tuple: id 0..n-1 of every pixel's component, shape (N, H, W), int64, in the raster order of the components'
        first pixels, image after image; position of these pixels in ``labels.reshape(-1)``, shape (n,); and all pairs
        of components with a common border or corner, shape (pairs, 2), repeated as often as they touch.
    """
    values = labels.cpu().numpy()
    pixels = np.arange(values.size).reshape(values.shape)
    halves = [(pixels[:, :, :-1], pixels[:, :, 1:]), (pixels[:, :-1], pixels[:, 1:]),
              (pixels[:, :-1, :-1], pixels[:, 1:, 1:]), (pixels[:, :-1, 1:], pixels[:, 1:, :-1])]
    a, b = (np.concatenate([half[side].ravel() for half in halves]) for side in (0, 1))
    same = values.ravel()[a] == values.ravel()[b]
    from scipy.sparse import coo_array  # most methods need neither
    from scipy.sparse.csgraph import connected_components

    edges = coo_array((np.ones(same.sum(), bool), (a[same], b[same])), shape=(values.size,) * 2)
    found = connected_components(edges, directed=False)[1]
    _, first, inverse = np.unique(found, return_index=True, return_inverse=True)
    order = first.argsort()
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    nodes = rank[inverse.reshape(-1)]
    pairs = np.stack([nodes[a[~same]], nodes[b[~same]]], axis=1)
    return (torch.from_numpy(nodes.reshape(values.shape)).to(labels.device),
            torch.from_numpy(first[order]).to(labels.device), pairs)
