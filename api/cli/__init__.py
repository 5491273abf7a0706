"""Commands of the service: serve, migrate, train, demo."""
