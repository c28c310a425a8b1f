"""The DeViSE-style baseline. No constant was published: rate and schedule are those of SPNet's projection here."""

projection = dict(
    optimizer=dict(type='SGD', lr=2.5e-3, momentum=0.9, weight_decay=5e-4), iterations=20_000, batch_size=4096,
    # squared, squared_mean, cosine, cosine_shifted: the losses in the history of the ZS3 code
    loss='cosine')
deviations = (
    "r101: 20,000 steps of 4096 features at 2.5e-3, assumed after SPNet's code: no schedule of this baseline is "
    'published',
)
