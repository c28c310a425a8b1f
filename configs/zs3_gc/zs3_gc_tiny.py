"""ZS3Net-GC on the embedded benchmark: the loop of ZS3Net, as long as there."""

_base_ = ['../zs3/zs3_tiny.py', './graph.py']
