"""The shared DeepLab for images below 100 px, from scratch, and the defaults of the stages around it."""

_base_ = [
    '../_base_/models/deeplabv3plus_tiny.py', '../_base_/datasets/shapes.py', '../_base_/schedules/tiny.py',
    '../_base_/default_runtime.py'
]

backbone_weights = None
pretraining = 'none'
gpu_gib = 2  # an estimate: so many fit on a GPU together; where it is not given, a cell has one of its own
seen = dict(channels_last=True, amp=False)
features = dict(per_class=32, limit=None, batch_size=16)
# Feature maps of the images to score are kept: 40 MB.
evaluation = dict(batch_size=16, examples=4, cache=True)
vectors = dict(normalise=None)  # as the data set says
# Retraining the last convolution; used by every method that does so, the oracle included.
classifier = dict(
    optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=5e-4), iterations=300, batch_size=1024,
    unseen_samples=32, unseen_weight=1, unseen_share=None, initial='seen')
