"""The media types that the service answers with."""

JSON, CSV, NPZ = "application/json", "text/csv", "application/x-npz"
PROBLEM_JSON = "application/problem+json"
