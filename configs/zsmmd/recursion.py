"""Rounds and feedback of ZS-MMD, with constants that are assumed: the paper's are not known."""

recursion = dict(
    rounds=3, iterations=10_000, warm_start=True,
    # Of the ZS-MMD term; 0 is the control without it. 1 to 3 is flat, less is too little.
    weight=1.0, samples=128,
    loss=dict(type='zs_methods.ZSMMDLoss', variances=(2, 5, 10, 20, 40, 80), min_count=32),
    # Candidates: 'unlabelled' training images, 'all' or those that the card has 'dropped'; 'synthetic' features; or
    # 'seen-images', a negative control.
    source='unlabelled', images='all',
    # Pixels per image and predicted class, and per class in all; synthetic ones per class.
    candidates=dict(per_image=1024, limit=16_384), pool=4096,
    # Who selects and weighs them: a classifier with this weight of unseen classes; calibrated: its logarithm is taken
    # out of the scores again.
    judge=dict(unseen_weight=1, calibrated=False),
    # 'rank': the most confident share of every class; 'threshold': confidences from there on.
    gate=dict(type='rank', share=0.25, threshold=0.5),
    # Above 0: only the unseen class that leads an image, with at least this share of its pixels, counts there.
    agreement=0.0,
    # Of the confidence, as a weight.
    power=1.0,
    # Weight of unseen classes in the final classifier; None: that of ZS3Net's.
    unseen_weight=None,
    # Under the card zs3-official, in place of rounds: the interleaved loop goes on for so long, with the weight growing
    # from 0 over the share `ramp` of it. The judge is the loop's classifier, calibrated or not. Places in the queue of
    # a class, candidates of an image and class at most, n_min (a batch has few of them).
    online=dict(epochs=10, iterations=None, ramp=0.25, calibrated=False,
                gate=dict(type='rank', share=0.25, threshold=0.5), queue=512, per_image=32, min_count=8),
    # Training images with an unseen class that the last stage takes real features from; 0 leaves it out.
    diagnosis=dict(images=64, samples=128))
