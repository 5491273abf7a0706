"""Endpoints: each decodes a request, calls one use case, and encodes the response."""

from api.http.models import build_models

build_models()
