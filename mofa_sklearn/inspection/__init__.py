"""Pictures of fitted estimators, in scikit-learn's Display manner.

matplotlib is imported when something is drawn, not before.
"""

from ._modality_attention import ModalityAttentionDisplay
from ._predicted_vs_true import PredictedVsTrueDisplay
from ._training_curves import TrainingCurvesDisplay

__all__ = ["ModalityAttentionDisplay", "PredictedVsTrueDisplay", "TrainingCurvesDisplay"]
