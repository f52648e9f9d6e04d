"""Spreading: whom a block is pushed to, told of or relayed to; how long it takes to reach all."""
