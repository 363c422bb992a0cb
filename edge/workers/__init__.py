"""Several processes that serve as one: started, watched, started again, and shown on one port."""
