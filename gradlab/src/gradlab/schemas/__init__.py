"""Requests and responses of the HTTP API.

Bodies that are sent end in `Request`, bodies that are received and their parts in `Response`, messages of the event
stream in `Event`. Specs are sent as they are, and errors are problem documents.
"""
