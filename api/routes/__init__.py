"""Endpoints: decode, call one use-case, encode."""
