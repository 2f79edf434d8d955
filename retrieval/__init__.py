"""Text, vectors, SQL and indexes: what is known, and how it is found."""
