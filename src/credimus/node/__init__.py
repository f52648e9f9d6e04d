"""The composition root: wiring only. Everything here and below is free of I/O, clocks and
chance."""
