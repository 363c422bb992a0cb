"""Whether an engine for the bundle is there or can be built, and where it would lie."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import Bundle, open_bundle
from deploy.bundle.signature import read_trust
from deploy.engines import catalogue
from deploy.engines.owned import refuse_foreign
from edge.doctor.finding import Finding, fail, ok, warn
from edge.settings.engine import EngineSettings
from edge.shelf import Shelf

_LEAST_ROOM = 256 << 20
_BUILD_FACTOR = 4
"""Room for a build, in sizes of the model: two batch sizes, a draft and the one it replaces."""


def check_engines(settings: EngineSettings, folder: Path | None) -> Iterator[Finding]:
    """`folder` is the bundle's; without one only the cache is looked at."""
    bundle = None
    if folder is not None:
        try:
            bundle = open_bundle(folder, read_trust(settings.trust).vouch)
            yield ok("bundle", f"{bundle.manifest.name} {bundle.manifest.version}")
        except Fatal as error:
            yield fail("bundle", str(error), "Import or copy the bundle again.")
    yield _cache(settings.engine_cache)
    yield _room(settings.engine_cache, bundle)
    if bundle is not None:
        yield _fit(bundle, settings)


def _cache(cache: Path) -> Finding:
    """An engine is native code: whoever can write it runs code as the service."""
    check = "engine cache"
    place = _nearest(cache)
    if not os.access(place, os.W_OK | os.X_OK):
        advice = f"Let the user of the service write {place}, or name another --engine-cache."
        return fail(check, f"{place} cannot be written", advice)
    if place != cache:
        return ok(check, f"{cache} will be made")
    try:
        refuse_foreign(cache)
    except Fatal as error:
        return fail(check, str(error), f"chmod 700 {cache}, owned by the user of the service.")
    return ok(check, f"{cache} is written by its owner only")


def _room(cache: Path, bundle: Bundle | None) -> Finding:
    model = bundle.model.stat().st_size if bundle is not None else 0
    wanted = max(_LEAST_ROOM, _BUILD_FACTOR * model)
    free = shutil.disk_usage(_nearest(cache)).free
    found = f"{free >> 20} MiB free for {cache}"
    if free < wanted:
        return fail("disk", found, f"Make room: a build takes {wanted >> 20} MiB.")
    return ok("disk", found)


def _fit(bundle: Bundle, settings: EngineSettings) -> Finding:
    check = "engine"
    try:
        kind = catalogue.choose(settings.engine).kind
        wanted = catalogue.fingerprint(bundle, kind, settings.precision, settings.max_batch)
        shelf = Shelf(bundle, settings)
        place = shelf.find(wanted)
        if place is not None:
            shelf.record(place, wanted)
            return ok(check, f"{place} fits this machine and was proven equal")
    except Fatal as error:
        return fail(check, str(error), "yardlight-deploy build makes it anew.")
    if settings.may_build:
        found = f"none for {wanted.builder} {settings.precision} here yet: it is built at start"
        return warn(check, found, "yardlight-deploy build makes it beforehand.")
    found = "none fits, and building is forbidden (--engine-rebuild, --no-build)"
    return fail(check, found, "yardlight-deploy build.")


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next(place for place in (path, *path.parents) if place.exists())
