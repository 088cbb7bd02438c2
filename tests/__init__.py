"""The product's tests, laid out as src/."""
