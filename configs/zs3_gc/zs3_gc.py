"""ZS3Net-GC with the constants of its code: the interleaved loop of ZS3Net, 100 epochs of it.

The control is ``graph.weight=0``: ZS3Net trained as long.
"""

_base_ = ['../zs3/zs3.py', './graph.py']

joint = dict(epochs=100)
