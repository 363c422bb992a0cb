"""Every node at a glance."""

from docs.monitoring.board import Board, Panel, Query, chosen, chosen_rate
from docs.monitoring.promql import by, quantile
from docs.monitoring.rules import UNSERVED
from docs.monitoring.runbook import Section
from edge.observe import definitions as m

_NODE = "{{instance}}"
_NO_CERTIFICATE = "no mutual TLS"
_ONE_PROCESS = "only with --workers 2 or more"
_NO_AUDIT = "only where an auditor is scraped"

FLEET = Board(
    "yardlight-fleet",
    "Yardlight: Fleet",
    "Every node at a glance: is it there, does it keep up, what does it run.",
    (
        Panel(
            "Answering", "1 where Prometheus can scrape the node, 0 where it cannot.",
            "none", Section.DOWN,
            (Query('up{job=~"yardlight.*"}', "{{job}} {{instance}}"),), "stat",
        ),
        Panel(
            "Alerts", "What fires or is about to.", "none", Section.DOWN,
            (Query(
                'count by (alertname, alertstate) (ALERTS{alertname=~"Yardlight.*"})',
                "{{alertname}} {{alertstate}}", empty="nothing is wrong",
            ),),
            "stat",
        ),
        Panel(
            "Frames", "Frames that ended in an outcome, of each node.",
            "suffix: frames/s", Section.NO_FRAMES,
            (Query(by("sum", "instance", chosen_rate(m.FRAMES)), _NODE),),
        ),
        Panel(
            "Age of the newest outcome",
            "Seconds since a node last finished a frame. It grows where no camera sends.",
            "s", Section.NO_FRAMES,
            (Query(f"time() - {chosen(m.NEWEST_OUTCOME)} and {chosen(m.NEWEST_OUTCOME)} > 0",
                   _NODE),),
        ),
        Panel(
            "Lag", "Frames appended and not yet polled, over the partitions of each node.",
            "suffix: frames", Section.LAG,
            (Query(by("sum", "instance", chosen(m.LAG)), _NODE),),
        ),
        Panel(
            "Latency, p99", "99 of 100 frames of a node took no longer, appended to acknowledged.",
            "s", Section.LATENCY,
            (Query(
                quantile(0.99, "instance", chosen_rate(m.FRAME_LATENCY, "_bucket",
                                                       stage='="total"')), _NODE,
            ),),
        ),
        Panel(
            "Partitions", "Partitions that each node owns; they sum to those of the topic.",
            "suffix: partitions", Section.UNSERVED,
            (Query(by("sum", "instance", chosen(m.PARTITIONS_ASSIGNED)), _NODE),),
        ),
        Panel(
            "Partitions unserved", "Partitions that no scraped node owns: their frames wait.",
            "suffix: partitions", Section.UNSERVED,
            (Query(f'{UNSERVED}{{job=~"$job"}}', "{{job}}"),),
        ),
        Panel(
            "Workers", "Workers of each node that take frames.", "none", Section.WORKER,
            (Query(by("sum", "instance", chosen(m.WORKER_READY)), _NODE, empty=_ONE_PROCESS),),
        ),
        Panel(
            "Worker starts", "Each but the first is after a death.", "suffix: /s", Section.WORKER,
            (Query(by("sum", "instance, worker", chosen_rate(m.WORKER_STARTS)),
                   "{{instance}} worker {{worker}}", empty=_ONE_PROCESS),),
        ),
        Panel(
            "Reconnects", "Failures that made a Kafka client start over.",
            "suffix: /s", Section.RECONNECTS,
            (Query(by("sum", "instance, client", chosen_rate(m.RECONNECTS)),
                   "{{instance}} {{client}}"),),
        ),
        Panel(
            "Client certificate", "Time until the certificate that a node shows to Kafka expires.",
            "s", Section.CERTIFICATE,
            (Query(f"{chosen(m.CERTIFICATE_EXPIRY)} - time()", _NODE, empty=_NO_CERTIFICATE),),
            "stat",
        ),
        Panel(
            "Audit", "1 for the verdict of the newest recount.", "none", Section.AUDIT,
            (Query(f"{m.AUDIT_STATE.series} == 1", "{{instance}} {{state}}", empty=_NO_AUDIT),),
            "stat",
        ),
        Panel(
            "Recounted frames", "What the newest recount found; missing, repeated and conflicting "
            "should be 0.",
            "suffix: frames", Section.AUDIT,
            (Query(m.AUDIT_FRAMES.series, "{{instance}} {{finding}}", empty=_NO_AUDIT),),
        ),
        Panel(
            "Engines", "The engine of each node.", "none", Section.FALLBACK,
            (Query(chosen(m.ENGINE)),), "table",
        ),
        Panel(
            "Models", "The bundle of each node.", "none", Section.FALLBACK,
            (Query(chosen(m.MODEL)),), "table",
        ),
        Panel(
            "Versions", "Yardlight and Python of each node.", "none", Section.DOWN,
            (Query(chosen(m.BUILD)),), "table",
        ),
    ),
)  # fmt: skip
