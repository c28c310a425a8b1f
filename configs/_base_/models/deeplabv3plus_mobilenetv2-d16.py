"""DeepLabV3+ with MobileNetV2 at output stride 16, for photographs on a machine without a GPU.

The input is normalised as torchvision's weights expect it. Weights that expect RGB / 127.5 - 1 need
``model.data_preprocessor.mean=[127.5,127.5,127.5] model.data_preprocessor.std=[127.5,127.5,127.5]``.
"""

norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True,
        size=(176, 176), pad_val=0, seg_pad_val=255),
    # Weights are loaded by the stage that trains.
    backbone=dict(type='zs_methods.MobileNetV2', norm_eval=True),
    decode_head=dict(
        type='zs_methods.DeepLabV3PlusHead', in_channels=(24, 320), in_index=(0, 1), channels=128, low_channels=24,
        dilations=(1, 3, 6), dropouts=(0.1, 0.1), dropout_ratio=0.1, num_classes=21, norm_cfg=norm_cfg,
        align_corners=False, loss_decode=dict(type='zs_methods.WeightedCrossEntropy')),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
