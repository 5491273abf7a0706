"""Translation of layers and trainings of this service's vocabulary into the user's own code: text in, text out.

Neither Keras nor PyTorch is imported.
"""

from gradlab.translate.code import Cure, cures_of, keras_code_of

__all__ = ["Cure", "cures_of", "keras_code_of"]
