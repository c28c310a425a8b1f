"""The search of gamma on held-out seen classes; the published code has none."""

calibration = dict(gamma=None, folds=5, share=0.5, steps=100)
