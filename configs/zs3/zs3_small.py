"""ZS3Net on photographs with a small network: the published generator with a schedule of a minute on two cores."""

_base_ = ['./zs3.py']

generator = dict(optimizer=dict(lr=1e-3), iterations=1000, samples=64)
classifier = dict(unseen_weight=10)
joint = dict(
    epochs=None, iterations=300, generator=dict(optimizer=dict(lr=1e-3), samples=64, steps='batched'),
    optimizer=dict(lr=0.4), unseen_weight=10)
deviations = (
    'small: the small network in the heading, trained for minutes on small crops; the code '
    'has ResNet-101, 200 epochs, crops of 312 px and one more division of the loss by the batch size',
    'small: generator of 1000 steps of 64 features a class at 1e-3 (2e-4 in the code), unseen weight 10 (100)',
    'small: at most 32 pixels per image and class become features; the code takes all of every crop',
    'small: the classifier is trained at the resolution of the features; the code upsamples its scores first',
)
joint_deviations = (
    deviations[0],
    'small: 300 batches of 8 (22,350), one generator step a batch with 64 pixels per image and class at 1e-3 '
    '(one step per image and class, 128, 2e-4), classifier rate 0.4 (0.07), unseen weight 10 (100)',
)
