"""Partitions: noticed, told, what may be written meanwhile, and what is reconciled after."""
