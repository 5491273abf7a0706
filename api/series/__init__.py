"""Series as answers: chosen by name, cut to epochs, thinned if asked, written as JSON, CSV or NPZ."""
