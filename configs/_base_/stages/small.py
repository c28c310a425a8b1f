"""What surrounds a small DeepLab for photographs, and the family whose settings the methods take with it."""

family = 'small'  # configs/<method>/<method>_small.py
gpu_gib = 6  # an estimate: so many fit on a GPU together; where it is not given, a cell has one of its own
features = dict(per_class=32, limit=10_000, batch_size=8)
evaluation = dict(batch_size=8, examples=6, paper_resolution=False)
vectors = dict(normalise=None)  # as the data set's description says
classifier = dict(
    optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=5e-4), iterations=500, batch_size=1024,
    unseen_samples=128, unseen_weight=1, unseen_share=None, initial='seen')
