"""The process: everything is made here, started in order, and stopped in order."""
