"""Event streams: changes of an experiment, sent to all listeners as they happen (server-sent events)."""
