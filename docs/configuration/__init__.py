"""The reference of settings: made from the very command lines that take them."""
