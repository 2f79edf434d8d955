"""From files to chunks: formats, chunking, and the queue of jobs."""
