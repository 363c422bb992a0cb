"""Writes docker/helm/values.schema.json and docker/kubernetes. `--check` only compares."""

import json
import sys

from docs.chart.rendered import CHART, helm, manifests, stale
from docs.chart.schema import values_schema
from docs.generated import write_or_check

REMEDY = "make chart"


def main() -> int:
    schema = json.dumps(values_schema(), indent=2) + "\n"
    status = write_or_check({CHART / "values.schema.json": schema}, REMEDY)
    if "--check" in sys.argv[1:]:
        for path in stale():
            sys.stderr.write(f"{path} is out of date: {REMEDY}\n")
        return status or int(bool(stale()))
    program = helm()
    if program is None:
        sys.stderr.write("Helm is neither built (make chart-check) nor installed: not rendered.\n")
        return int(bool(stale()))
    return write_or_check(manifests(program), REMEDY)


if __name__ == "__main__":
    sys.exit(main())
