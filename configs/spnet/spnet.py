"""SPNet with the constants of its code (subhc/SPNet 292ff5a) for VOC.

SGD at 2.5e-4, 10 times that for the head, momentum 0.9, decay 5e-4, poly 0.9, 20,000 iterations.
"""

vectors = dict(normalise='l2')
projection = dict(
    optimizer=dict(type='SGD', lr=2.5e-3, momentum=0.9, weight_decay=5e-4), iterations=20_000, batch_size=4096,
    loss='cross_entropy', scale=1.0)
deviations = (
    'r101: 20,000 steps of 4096 features (10 crops of 321 px in the code), also on COCO-Stuff, where the code is '
    'configured for 100,000 steps of 2 x 5 crops and evaluates the checkpoint of step 20,000',
)
