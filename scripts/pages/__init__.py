"""Pages of the documentation that are written from the code: each a function that returns Markdown."""
