"""The commands of the service: serve, demo, train, migrate."""
