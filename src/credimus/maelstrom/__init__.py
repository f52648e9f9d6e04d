"""The core judged from outside: a driver that speaks the protocol of Jepsen's Maelstrom.

Deliberately not here: a disk. A node of Maelstrom lives as long as its process, so what it
acknowledges is in memory; durable nodes are run by runtime/.
"""
