"""Who can be reached: probes, suspicion, refutation. Local knowledge; the roster says who is in."""
