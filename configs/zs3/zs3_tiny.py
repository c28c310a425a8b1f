"""ZS3Net on the embedded benchmark: the published generator with a schedule of a second.

Chosen on held-out seen classes, never on unseen ones: rate, steps and samples first, then the weight of unseen classes,
for all K together, by ``benchmark select --methods zs3 --ks K --folds 6 --grid classifier.unseen_weight=100,30,10,3``.
"""

_base_ = ['./zs3.py']

generator = dict(model=dict(noise_dim=16, hidden_dim=128), optimizer=dict(lr=1e-3), iterations=400, samples=32)
classifier = dict(unseen_weight=30)
# Chosen on held-out seen classes of K=10, under zs3-clean with order=interleaved. From U[0, 1), as in the code, 300
# steps bring back the seven seen classes that such a selection has, and not the 18 of K=2.
joint = dict(
    epochs=None, iterations=300, generator=dict(optimizer=dict(lr=5e-3), samples=64, steps='batched'),
    optimizer=dict(lr=0.05), unseen_weight=30, initial='seen')
deviations = (
    'shapes: unseen weight chosen for all K together on held-out seen classes of each (six draws, natural prior), '
    'where no unseen class is looked at: mean hIoU 37.4 with 30, 37.0 with 10, 33.1 with 100, 33.0 with 3. Length and '
    'rate of the generator step come from an earlier choice on K=10 that scored only images with a held-out class',
    'shapes: unseen weight 30 (published 100), noise 16-d and hidden layer 128 (300 and 256), Adam 1e-3 (2e-4), '
    '400 steps of 32 features a class; longer training fits the seen classes better and the held-out ones worse',
    'shapes: DeepLab of two ResNet-18 stages from scratch, AdamW with one cycle, background weight 0.2; the code '
    'has ResNet-101, SGD with poly decay, no class weights and one more division by the batch size',
    'shapes: at most 32 pixels per image and class become features; the code takes all of every crop',
    'shapes: the classifier is trained at the resolution of the features; the code upsamples its scores first',
)
joint_deviations = (
    'shapes: settings of the interleaved loop were chosen on held-out seen classes of K=10 (3 draws of 3) with '
    'relabelled layouts, by scores of images that hold a held-out class: hIoU 38.3 there',
    'shapes: 300 batches of 8 (22,350), one generator step a batch with 64 pixels per image and class at 5e-3 (one '
    'step per image and class, 128, 2e-4), classifier rate 0.05 (0.07) from its seen rows (U[0, 1)), unseen weight 30 '
    '(100), noise 16-d and hidden layer 128 (300 and 256)',
    'shapes: DeepLab of two ResNet-18 stages from scratch, AdamW with one cycle, background weight 0.2; the code '
    'has ResNet-101, SGD with poly decay, no class weights and one more division by the batch size',
)
