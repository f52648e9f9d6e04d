"""The lace: signed blocks that point at the blocks their author had seen.

Source: Almeida and Shapiro, "The Blocklace: A Byzantine-repelling and Universal CRDT"
(arXiv 2402.08068). Operations are opaque here; state/ gives them meaning.
"""
