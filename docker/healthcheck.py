"""What an image's HEALTHCHECK runs: exit status 0 if the service answers that it is alive."""

import http.client
import os
import sys

_PORT = int(os.environ.get("YARDLIGHT_METRICS_PORT", "9108"))


def main() -> int:
    connection = http.client.HTTPConnection("127.0.0.1", _PORT, timeout=4)
    try:
        connection.request("GET", "/health/live")
        answer = connection.getresponse()
    except OSError as error:
        sys.stderr.write(f"port {_PORT}: {error}\n")
        return 1
    sys.stdout.write(answer.read(500).decode(errors="replace"))
    return 0 if answer.status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main())
