"""Which modality matters, what networks attend to, where errors are: measures and pictures.

Pictures are scikit-learn's kind of Display. matplotlib is imported when something is drawn, not
before.
"""

from ._analysis import ModalityReport, analyze_modalities
from ._attention_by_prediction import AttentionByPredictionDisplay
from ._coverage_by_group import CoverageByGroupDisplay
from ._coverage_by_level import CoverageDisplay
from ._coverage_by_width import CoverageByWidthDisplay
from ._group_error import GroupErrorDisplay
from ._importance_display import ModalityImportanceDisplay
from ._modality_attention import ModalityAttentionDisplay
from ._modality_importance import modality_importance
from ._predicted_vs_true import PredictedVsTrueDisplay
from ._residuals import ResidualsDisplay
from ._training_curves import TrainingCurvesDisplay

__all__ = [
    "AttentionByPredictionDisplay",
    "CoverageByGroupDisplay",
    "CoverageByWidthDisplay",
    "CoverageDisplay",
    "GroupErrorDisplay",
    "ModalityAttentionDisplay",
    "ModalityImportanceDisplay",
    "ModalityReport",
    "PredictedVsTrueDisplay",
    "ResidualsDisplay",
    "TrainingCurvesDisplay",
    "analyze_modalities",
    "modality_importance",
]
