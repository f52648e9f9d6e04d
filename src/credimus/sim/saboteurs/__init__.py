"""Small wrongs under which a sentence must fail: the proof that it can."""
