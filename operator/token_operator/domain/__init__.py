"""What the operator knows and judges: values and pure functions, no input or output, no clock."""
