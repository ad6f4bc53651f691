"""One pass over one connection, and the queue that runs the passes."""
