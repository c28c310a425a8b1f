ridge = dict(strength=0.01)
classifier = dict(unseen_weight=30)
