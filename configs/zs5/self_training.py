"""Self-training: the published p of VOC and one round; the rest as assumed in zs_methods/methods/self_training/.

``student`` holds ``epochs``, ``rate`` as a share of the seen step's learning rate, and what else differs from the
training of the seen step; ``epochs`` counts only where ``train_cfg.max_iters`` is None.
"""

self_training = dict(
    images='dropped', p=25, ranking='image', rest='ignore', restrict=False, copies=[], diagnose=True, rounds=1,
    student=dict(epochs=50))
