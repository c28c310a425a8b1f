"""ZS3Net on the embedded benchmark: the published generator with a schedule of seconds.

The published weight of 100 pushes seen mIoU below 15 at K=10 here.
"""

_base_ = ['./zs3.py']

generator = dict(model=dict(noise_dim=16, hidden_dim=128), optimizer=dict(lr=2e-3), iterations=800, samples=64)
classifier = dict(unseen_weight=30)
deviations = (
    'shapes: these settings were chosen on validation scores of seed 0 at K=2 and K=10, which the table repeats',
    'shapes: unseen weight 30 (published 100), noise 16-d and hidden layer 128 (300 and 256), Adam 2e-3 (2e-4), '
    '800 steps of 64 features a class; the generator loss still falls slowly at the end',
    'shapes: DeepLab of two ResNet-18 stages from scratch, AdamW with one cycle, background weight 0.2; the code '
    'has ResNet-101, SGD with poly decay, no class weights and one more division by the batch size',
    'shapes: the classifier is trained at the resolution of the features; the code upsamples its scores first',
)
