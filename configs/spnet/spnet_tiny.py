"""SPNet on the embedded benchmark: a projection in a fraction of a second."""

_base_ = ['./spnet.py']

projection = dict(optimizer=dict(_delete_=True, type='Adam', lr=0.01), iterations=200, batch_size=1024)
deviations = (
    'shapes: DeepLab of two ResNet-18 stages from scratch, normalisation included, AdamW with one cycle; at most 32 '
    'pixels per image and class become features',
    'shapes: Adam at 0.01, 200 steps of 1024 features (SGD, 20,000 steps of 10 crops); chosen on held-out seen classes '
    'at K=10 together with the search of gamma',
)
