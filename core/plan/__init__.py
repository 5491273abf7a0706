"""The execution plan of a training, and its estimated cost."""
