"""`yardlight-edge doctor`: what would keep the service from working here, before it is started."""
