"""Words every other layer speaks: ids, time, chance, errors, limits, codec. No I/O, no policy."""
