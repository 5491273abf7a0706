"""Uploads: files that are received in pieces, hashed and checked while they arrive."""
