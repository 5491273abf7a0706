"""Media types of responses."""

JSON, CSV, NPZ = "application/json", "text/csv", "application/x-npz"
PARQUET = "application/vnd.apache.parquet"
# Safetensors files have no registered type.
SAFETENSORS, BINARY = "application/x-safetensors", "application/octet-stream"
PROBLEM_JSON = "application/problem+json"
