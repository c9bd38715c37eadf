"""The scenarios, by what goes wrong in them."""
