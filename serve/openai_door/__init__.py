"""The door for programs that speak OpenAI's API: its shapes, and what they mean here."""
