"""The shared DeepLab with timm's ResNet-50, for photographs."""

_base_ = [
    '../_base_/models/deeplabv3plus_timm-d16.py', '../_base_/datasets/photos_192.py',
    '../_base_/schedules/small_800.py', '../_base_/stages/small.py', '../_base_/default_runtime.py'
]

backbone_weights = 'torchvision://resnet50'  # timm has the same names
pretraining = 'ImageNet-1k, all classes'
seen = dict(channels_last=True, amp=False)
