"""What is known of ZS-MMD and what is assumed; numbers are those of the reconstruction, evidence is the abstract."""

from __future__ import annotations

#: In every order.
COMMON = (
    'read from the abstract: high-confidence outputs of the classification layer are weighted, taken as '
    'pseudo-features of unseen classes, and fed back to the generator; no formula is known',
    'assumed (A2, A9): mean over the unseen classes with enough candidates, of the root of MMD^2 as in ZS3Net',
    'assumed (A7): weights are confidences to a power, divided by their sum',
    'assumed (A8): kernels and biased estimator of ZS3Net',
    'assumed (A10): candidates and weights carry no gradient, only the generator is updated',
)
#: In rounds.
ROUNDS = (
    *COMMON,
    'assumed (A1): the most confident share of the pixels predicted as a class is its high-confidence output (gate '
    'rank), so that no class goes without; a threshold is an option',
    'assumed (A3): the loss is added to that of ZS3Net with a weight; the seen term is a mean over classes, so that '
    'the weight means the same at every K',
    'assumed (A4): number and length of the rounds; each generator starts from the one before, candidates are gathered '
    'anew in every round, and drawn with a probability in proportion to their weight, N per class and step',
    'assumed (A5): rounds in sequence, not a term in the interleaved loop of the published code',
    'assumed (A12): the confidence is that of a judge, a classifier trained with the unseen weight of the judge on '
    'the same generator; the final classifier is trained apart, with an unseen weight of its own',
    'the rounds train the generator longer than ZS3Net does; weight 0 is the control for that',
)
#: In the interleaved loop.
ONLINE = (
    *COMMON,
    'assumed (A1): what the calibrated classifier predicts as a class, or a share of it, joins the queue of the class; '
    'the loss is that of the whole queue',
    'assumed (A3): a step of its own on the loss, whose weight grows from 0 over the first part of the loop',
    'assumed (A5): a term in the interleaved loop of the published code, on the images with unseen classes, which give '
    'its generator no step; the loop goes on from a finished one, since a classifier drawn from U[0, 1) predicts noise',
    'assumed (A6): candidates are pixels of the images with unseen classes, which that loop knows from their layout '
    '(source unlabelled): transductive',
    'assumed (A12): the confidence is that of the classifier of the loop, the logarithm of its unseen weight taken out '
    'of the scores',
    'the loop is longer than that of ZS3Net; weight 0 is the control for that',
)
#: What is assumed about the origin of the candidates of rounds (A6).
ORIGINS = {
    'synthetic': 'assumed (A6): candidates are features of the previous generator (source synthetic); no image is read',
    'seen-images': 'assumed (A6): candidates are pixels of seen-only images (source seen-images): mistakes by '
                   'construction, a negative control',
    'unlabelled': 'assumed (A6): candidates are pixels of training images, read without labels (source unlabelled): '
                  'transductive, as in the published loop of ZS3Net, whose images with unseen classes give the '
                  'generator no step',
}
#: With a weight of 0.
CONTROL = 'a control: ZS3Net, trained on for as many steps, without the ZS-MMD term'
