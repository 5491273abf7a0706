"""Media types of responses."""

JSON, CSV, NPZ = "application/json", "text/csv", "application/x-npz"
PROBLEM_JSON = "application/problem+json"
