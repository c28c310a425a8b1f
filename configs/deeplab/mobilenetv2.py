"""The shared DeepLab for photographs on small machines: minutes on two cores, far from published numbers."""

_base_ = [
    '../_base_/models/deeplabv3plus_mobilenetv2-d16.py', '../_base_/datasets/photos_small.py',
    '../_base_/schedules/small.py', '../_base_/default_runtime.py'
]

backbone_weights = 'torchvision://mobilenet_v2'
pretraining = 'ImageNet-1k, all classes'
gpu_gib = 6  # an estimate: so many fit on a GPU together; where it is not given, a cell has one of its own
seen = dict(channels_last=True, amp=False)
features = dict(per_class=32, limit=10_000, batch_size=8)
evaluation = dict(batch_size=8, examples=6, paper_resolution=False)
vectors = dict(normalise=None)  # as the data set's description says
classifier = dict(
    optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=5e-4), iterations=500, batch_size=1024,
    unseen_samples=128, unseen_weight=1, unseen_share=None, initial='seen')
