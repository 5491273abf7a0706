"""How an experiment will be trained, and what that costs."""
