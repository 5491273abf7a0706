"""Tools for whoever works on the project; no distribution holds them."""
