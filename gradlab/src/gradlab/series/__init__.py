"""Series as they are answered: selections of a history's arrays, as JSON, tables and NPZ."""
