"""Where `yardlight-edge` begins."""

from deploy.bundle.start import start


def main() -> None:
    start("edge.cli")


if __name__ == "__main__":
    main()
