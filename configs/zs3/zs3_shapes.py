"""ZS3Net on the embedded benchmark: the published generator with a schedule of seconds."""

_base_ = ['./zs3.py']

generator = dict(
    model=dict(noise_dim=32, hidden_dim=128),
    optimizer=dict(lr=2e-3), iterations=300, samples=64)
classifier = dict(unseen_weight=10)
