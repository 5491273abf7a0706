"""Exports of an experiment: all series as one file for TensorBoard, Parquet or NPZ; networks for Keras."""
