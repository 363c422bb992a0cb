"""Queries made of metrics of the list, so that one that is renamed or loses a label is noticed."""

from edge.observe.definitions import Metric


def select(metric: Metric, suffix: str = "", **wanted: str) -> str:
    """The series of a metric: `suffix` names a histogram's samples, `wanted` its label matchers,
    each an operator and a quoted value, such as `outcome='="classified"'`.

    Raises:
        ValueError: the metric has no such samples or no such label.
    """
    if (metric.kind == "histogram") != (suffix in ("_bucket", "_sum", "_count")):
        raise ValueError(f"{metric.name} is a {metric.kind}: it has no samples {suffix!r}")
    for label in wanted:
        if label not in (*metric.labels, "job", "instance"):
            raise ValueError(f"{metric.name} has no label {label}, but {metric.labels}")
    matchers = ",".join(f"{label}{matcher}" for label, matcher in wanted.items())
    return f"{metric.series}{suffix}" + (f"{{{matchers}}}" if matchers else "")


def rate(series: str, window: str) -> str:
    return f"rate({series}[{window}])"


def by(aggregate: str, labels: str, query: str) -> str:
    """`by("sum", "job, le", …)` is `sum by (job, le) (…)`."""
    return f"{aggregate} by ({labels}) ({query})"


def quantile(share: float, labels: str, buckets: str) -> str:
    """A quantile for each combination of `labels`, of the rates of buckets."""
    each = f"{labels}, le" if labels else "le"
    return f"histogram_quantile({share:g}, {by('sum', each, buckets)})"
