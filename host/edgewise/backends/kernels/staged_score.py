"""score of raw rows: the stages first, then the model."""

from edgewise.backends.kernels.answer_threshold import score
from edgewise.backends.kernels.stage_steps import _inputs

_score_of = score


def score(x):
    """Score of a row of N_FEATURES numbers; see THRESHOLD."""
    return _score_of(_inputs(x))
