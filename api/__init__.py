"""HTTP service: endpoints, responses, charts, exports, event streams, dashboard and commands."""
