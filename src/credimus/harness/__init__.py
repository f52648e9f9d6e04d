"""Fleets of real processes on one machine, made, asked and ended by one parent.

For measurements and replays; everything lives in a temporary folder and on loopback.
"""
