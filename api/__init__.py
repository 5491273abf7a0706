"""The front desk: everything that speaks HTTP, both ends of the wire."""
