"""ZS3Net-GC on photographs with a small network: the loop of ZS3Net, as long as there."""

_base_ = ['../zs3/zs3_small.py', './graph.py']
