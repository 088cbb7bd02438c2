"""The local runtime itself, and src/ on it: what only shows where Python meets workerd and Node."""
