"""Series of responses: selected by name, cut to a span of epochs, thinned out on request, as JSON, CSV or NPZ."""
