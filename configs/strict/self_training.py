"""STRICT's pseudo-labels (code giuseppepastore10/STRICT bc18093): six views agree, no threshold, two rounds.

The views are the image, two larger scales, and the mirror of each of these three.
"""

self_training = dict(
    images='all', p=100, ranking='image', rest='ignore', restrict=True,
    copies=[dict(mirror=True), dict(scale=1.5), dict(scale=1.5, mirror=True), dict(scale=1.75),
            dict(scale=1.75, mirror=True)],
    diagnose=True, rounds=2)
