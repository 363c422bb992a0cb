"""Which pictures show the same: told from small grey copies of them, without any network."""
