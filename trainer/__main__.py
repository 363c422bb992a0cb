"""Where `yardlight-train` begins."""

from deploy.bundle.start import start


def main() -> None:
    start("trainer.cli")


if __name__ == "__main__":
    main()
