"""COCO-Stuff with the shared DeepLab.

Assumption: nobody published a schedule of this network for COCO-Stuff and ZS3Net. Training follows SPNet, whose loss
is a plain mean over pixels; the classifier follows ZS3Net on VOC.
"""

_base_ = [
    '../_base_/models/deeplabv3plus_r101-d16.py', '../_base_/datasets/photos_spnet.py', '../_base_/schedules/spnet.py',
    '../_base_/default_runtime.py'
]

model = dict(
    data_preprocessor=dict(size=(321, 321)),
    decode_head=dict(num_classes=171, loss_decode=dict(per_batch=False)))
backbone_weights = 'torchvision://resnet101'
pretraining = 'ImageNet-1k, all classes'
network_deviations = (
    "r101: DeepLabV3+ from torchvision's ResNet-101, on SPNet's schedule for its DeepLabV2, which starts from weights "
    'of its own; nobody published one of this network for COCO-Stuff (assumed)',
    'r101: statistics and parameters of normalisation are trained, in batches of 10; the code of SPNet freezes them, '
    'and accumulates two batches of 5',
    'r101: one loss at full resolution; the code of SPNet adds up those of three scales and of their maximum, at the '
    'resolution of the scores',
    'r101: 100,000 iterations, the rate falls in every one; the code of SPNet lowers it in every tenth and evaluates '
    'the checkpoint of iteration 20,000',
    'r101: images are resized as 8-bit numbers; the code of SPNet subtracts the mean first: half a grey level',
)
env_cfg = dict(cudnn_benchmark=True)
seen = dict(channels_last=True, amp=False)
features = dict(per_class=2, limit=5_000, batch_size=8)  # 118,287 images
evaluation = dict(batch_size=8, examples=6, paper_resolution=True)
vectors = dict(normalise=None)  # as the data set's description says
classifier = dict(
    optimizer=dict(type='SGD', lr=0.07 / 8, momentum=0.9, weight_decay=5e-4 * 8), iterations=22_350, batch_size=4096,
    unseen_samples=256, unseen_weight=1, unseen_share=None, initial='seen')
