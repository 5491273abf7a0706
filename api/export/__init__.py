"""Everything that was measured of an experiment as one file: TensorBoard's, Parquet, NPZ."""
