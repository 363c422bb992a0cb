"""Images, compose and systemd: what can be said of them anywhere, and `make image-check`."""
