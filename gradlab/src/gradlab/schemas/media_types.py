"""Media types of responses."""

JSON, CSV, NPZ = "application/json", "text/csv", "application/x-npz"
PARQUET = "application/vnd.apache.parquet"
PROBLEM_JSON = "application/problem+json"
