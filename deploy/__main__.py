"""Where `yardlight-deploy` begins."""

from deploy.bundle.start import start


def main() -> None:
    start("deploy.cli")


if __name__ == "__main__":
    main()
