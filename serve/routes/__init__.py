"""The routes of the API: each parses, calls one function and shapes the reply."""
