"""The audit log: who did what, in a chain of hashes to which records are only ever added."""
