"""Series of requests and responses: read from the store, checked as they are sent, pictures of the plane."""
