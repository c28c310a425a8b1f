"""DeepLabV3+ with ResNet-101 at output stride 16, as ZS3Net trains it on Pascal-VOC.

Every value is that of the published code (valeoai/ZS3 6031f4a) unless its comment says otherwise.
"""

# Statistics never frozen; synchronised, as in that code, when several GPUs train.
norm_cfg = dict(type='BN', requires_grad=True)
data_preprocessor = dict(
    type='SegDataPreProcessor',
    # ImageNet mean and deviation, RGB
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    size=(312, 312),  # the training crop, which the pipeline has padded already
    pad_val=0,
    seg_pad_val=255)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=data_preprocessor,
    backbone=dict(
        type='ResNet',
        depth=101,
        style='pytorch',  # stride in the 3x3 convolution and a 7x7 stem, like torchvision's weights
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 2),
        multi_grid=(2, 4, 8),  # the dilations of layer4: the (1, 2, 4) of that code, there multiplied by 2
        contract_dilation=False,
        norm_cfg=norm_cfg,
        norm_eval=False),  # weights are loaded by the stage that trains
    decode_head=dict(
        type='zs_methods.DeepLabV3PlusHead',
        in_channels=(256, 2048),  # layer1 (stride 4) and layer4 (stride 16)
        in_index=(0, 3),
        channels=256,
        low_channels=48,
        dilations=(1, 6, 12, 18),
        dropouts=(0.5, 0.5),
        dropout_ratio=0.1,
        num_classes=21,  # all classes, also while only the seen ones are trained
        align_corners=True,
        fan_in_init=True,
        norm_cfg=norm_cfg,
        loss_decode=dict(type='zs_methods.WeightedCrossEntropy', per_batch=True)),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
