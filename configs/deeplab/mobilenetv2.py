"""The shared DeepLab for photographs on small machines: minutes on two cores, far from published numbers."""

_base_ = [
    '../_base_/models/deeplabv3plus_mobilenetv2-d16.py', '../_base_/datasets/photos_small.py',
    '../_base_/schedules/small.py', '../_base_/stages/small.py', '../_base_/default_runtime.py'
]

backbone_weights = 'torchvision://mobilenet_v2'
pretraining = 'ImageNet-1k, all classes'
network_deviations = (
    'mobilenetv2: DeepLabV3+ on MobileNetV2 with frozen normalisation, 600 iterations of 8 crops of 176 px',
)
seen = dict(channels_last=True, amp=False)
