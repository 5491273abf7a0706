"""Facts about an experiment's samples, on which the rules rest."""
