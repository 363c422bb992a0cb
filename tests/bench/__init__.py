"""Benchmarks: ratios measured in one run, interleaved, medians with spread. They assert nothing."""
