"""What a network is to say of a frame: one label of several, or any number of them."""
