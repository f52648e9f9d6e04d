"""Who is a member, and who may say what: judged at every block's causal past."""
