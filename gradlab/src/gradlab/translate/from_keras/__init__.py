"""Translation of Keras configurations, text in, parts of a spec out: nothing is deserialised, Keras is not imported."""

from gradlab.translate.from_keras.training import CompiledTraining
from gradlab.translate.from_keras.translation import Translation, translate, translate_parsed

__all__ = ["CompiledTraining", "Translation", "translate", "translate_parsed"]
