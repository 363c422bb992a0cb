"""Scraping, rules, dashboards, reference: all made from `edge.observe.definitions`."""
