"""Ridge regression on photographs with a small network.

Chosen on held-out seen classes of `voc-mini` at K=10, four draws: shrinkage 0.01 to 0.3, strength 0.1 to 1.
"""

_base_ = ['./ridge.py']

ridge = dict(shrinkage=0.01)
