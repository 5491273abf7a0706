"""Charts of a study: pure functions of its table and its spec."""
