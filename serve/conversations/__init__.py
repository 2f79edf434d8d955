"""Conversations: stored turns, and answers recorded while they are given."""
