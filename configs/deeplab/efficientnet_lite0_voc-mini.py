"""`voc-mini`: feature maps of its 400 validation images (0.6 GB for each K and seed) are kept for all methods."""

_base_ = './efficientnet_lite0.py'

evaluation = dict(cache=True)
