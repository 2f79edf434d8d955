"""The door for assistants of other makers: search, fetch and ask as tools of MCP."""
