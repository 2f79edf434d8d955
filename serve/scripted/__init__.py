"""A server that speaks as vLLM does and writes what a script says: no model, no surprise."""
