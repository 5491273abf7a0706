"""The only object storage: large bytes by their hash, in a folder, on S3, Google Cloud Storage or Azure."""

from core.blobs.store import MIN_BLOB_BYTES, Blob, BlobStore, open_blobs, shared_blobs

__all__ = ["MIN_BLOB_BYTES", "Blob", "BlobStore", "open_blobs", "shared_blobs"]
