"""Integer confusion matrices and the scores derived from them."""
