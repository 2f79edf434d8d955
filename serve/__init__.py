"""HTTP, settings, answers and the command line: where the program is put together."""
