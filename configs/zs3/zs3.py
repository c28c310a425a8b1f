"""ZS3Net, constants as published; sources in zs_methods/methods/zs3.py."""

generator = dict(
    model=dict(type='zs_methods.GMMNGenerator', noise_dim=300, hidden_dim=256, noise='uniform', dropout=0.5),
    loss=dict(type='zs_methods.MMDLoss', variances=(2, 5, 10, 20, 40, 80), root=True),
    optimizer=dict(type='Adam', lr=2e-4), iterations=20_000, samples=128)
classifier = dict(unseen_weight=100)
