"""The live stream: what happens to an experiment, told to everybody who listens as it happens (server-sent events)."""
