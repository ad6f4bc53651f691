"""What the endpoints answer: plain functions from a call to an answer."""
