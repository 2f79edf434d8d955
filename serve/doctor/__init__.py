"""Whether an installation is sound, and whether it is shut."""
