"""Endpoints: decode, call one use-case, encode."""

from api.http.models import build_models

build_models()
