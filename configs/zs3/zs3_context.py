"""ZS3Net on Pascal-Context: as on VOC, with 20 epochs in the interleaved loop (625 batches each)."""

_base_ = './zs3.py'

joint = dict(epochs=20)
