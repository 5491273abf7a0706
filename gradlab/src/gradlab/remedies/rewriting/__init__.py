"""Functions that several remedies share to rewrite a spec."""
