"""The way to a server that runs a language model, over OpenAI's HTTP API."""
