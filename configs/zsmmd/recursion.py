"""Recursion and feedback, with constants that are assumed: the paper's are not known."""

recursion = dict(
    rounds=2, iterations=10_000, warm_start=True,
    feedback=dict(
        source='synthetic', weight=0.1, samples=128, pool=4096,
        loss=dict(type='zs_methods.ZSMMDLoss', variances=(2, 5, 10, 20, 40, 80), threshold=0.9, power=1.0,
                  min_count=32)),
    # Only for source='unlabelled': pixels kept of every training image with an unseen class.
    unlabelled=dict(per_image=64, limit=200_000),
    # Training images with an unseen class that the last stage looks at; 0 leaves it out.
    diagnosis=dict(images=64, samples=128))
