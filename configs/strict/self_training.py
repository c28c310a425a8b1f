"""STRICT's pseudo-labels (code giuseppepastore10/STRICT bc18093): agreement of all copies, no threshold, two rounds."""

self_training = dict(
    images='all', p=100, ranking='image', rest='ignore', restrict=True,
    copies=[dict(scale=1.5), dict(scale=1.75), dict(mirror=True)], diagnose=True, rounds=2)
