"""ZS3Net with the constants of its code (valeoai/ZS3 6031f4a) and paper.

``iterations`` is an assumption: the code takes one step per image and class in an interleaved loop of 22,350 batches
(VOC); a step here sees all classes at once.
"""

generator = dict(
    model=dict(type='zs_methods.GMMNGenerator', noise_dim=300, hidden_dim=256, noise='uniform', dropout=0.5),
    loss=dict(type='zs_methods.MMDLoss', variances=(2, 5, 10, 20, 40, 80), root=True),
    optimizer=dict(type='Adam', lr=2e-4), iterations=20_000, samples=128)
classifier = dict(unseen_weight=100)
