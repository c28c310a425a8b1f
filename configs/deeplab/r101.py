"""The shared DeepLab with the published settings of ZS3Net (valeoai/ZS3 6031f4a), for any photographs.

What is set here is what that code uses for Pascal-VOC. Assumptions, where it has no counterpart: the pixels kept per
image and class, and the pixels in a batch of the classifier; that code feeds whole feature maps.
"""

_base_ = [
    '../_base_/models/deeplabv3plus_r101-d16.py', '../_base_/datasets/photos_zs3.py', '../_base_/schedules/zs3.py',
    '../_base_/default_runtime.py'
]

# The published runs start from ImageNet without the Pascal classes; these weights have seen them all.
backbone_weights = 'torchvision://resnet101'
pretraining = 'ImageNet-1k, all classes'
network_deviations = (
    "r101: the DeepLab starts from torchvision's ResNet-101 unless --backbone-weights names another file, and ImageNet "
    'holds classes that are unseen here; the code of ZS3Net starts from ImageNet without the Pascal classes',
)
env_cfg = dict(cudnn_benchmark=True)
seen = dict(channels_last=True, amp=False)
features = dict(per_class=32, limit=20_000, batch_size=8)
evaluation = dict(batch_size=8, examples=6, paper_resolution=True)
vectors = dict(normalise=None)  # as the data set's description says
# lr 0.07 = 0.007 x 10 (head), decay 5e-4, loss divided by the batch of 8: the same updates as without the division at
# lr / 8 and decay x 8. The rate falls as (1 - t/T)^0.9. 30 epochs of 745 batches.
classifier = dict(
    optimizer=dict(type='SGD', lr=0.07 / 8, momentum=0.9, weight_decay=5e-4 * 8), iterations=22_350, batch_size=4096,
    unseen_samples=256, unseen_weight=1, unseen_share=None, initial='seen')
