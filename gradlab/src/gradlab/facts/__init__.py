"""Facts about samples that rules need to know."""
