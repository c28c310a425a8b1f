"""DeepLabV3+ with a network of timm at output stride 16; another one needs its name and its maps' channels.

The input is normalised with ImageNet's mean and deviation; weights may need others.
"""

norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True,
        size=(192, 192), pad_val=0, seg_pad_val=255),
    # Weights are loaded by the stage that trains.
    backbone=dict(
        type='zs_methods.TIMMBackbone', model_name='resnet50', output_stride=16, norm_eval=True, freeze_low=True),
    decode_head=dict(
        # the maps at stride 4 and 16; 128 features cost half of the time that the 256 of ResNet-101's DeepLab do
        type='zs_methods.DeepLabV3PlusHead', in_channels=(256, 2048), in_index=(0, 1), channels=128, low_channels=24,
        dilations=(1, 3, 6), dropouts=(0.1, 0.1), dropout_ratio=0.1, num_classes=21, norm_cfg=norm_cfg,
        align_corners=False,
        # without it the classifier starts near 0 and learns little in 1,000 steps
        fan_in_init=True, loss_decode=dict(type='zs_methods.WeightedCrossEntropy')),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
