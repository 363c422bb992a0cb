"""What a bundle holds, for people."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from deploy.bundle.manifest import Manifest
from deploy.engines.protocol import CostCurve
from deploy.inspection.contents import Contents, EngineContents
from deploy.inspection.flat import flat
from deploy.inspection.network import Network
from deploy.signing.signed import Standing

_LABELS_SHOWN = 12
_MEGA = 1e6


def show(contents: Contents, console: Console) -> None:
    """Print it: heading, network, files, provenance, engines."""
    console.print(*_parts(contents), sep="\n", highlight=False)


def _parts(contents: Contents) -> Iterator[RenderableType]:
    manifest = contents.bundle.manifest
    yield Text.assemble((manifest.name, "bold"), f" {manifest.version}   {contents.bundle.digest}")
    yield Text("\n".join(_facts(manifest, contents.signature)))
    if contents.network is None:
        yield Text(f"network  not shown: {contents.problem}")
    else:
        yield Text(_sums(contents.network))
        yield _network(contents.network)
    yield _files(contents)
    yield _pairs("provenance", flat(manifest.provenance))
    for engine in contents.engines:
        yield _engine(engine)


def _facts(manifest: Manifest, signature: Standing) -> Iterator[str]:
    wanted, shown = manifest.input, ", ".join(manifest.labels[:_LABELS_SHOWN])
    more = f" … {len(manifest.labels)} in all" if len(manifest.labels) > _LABELS_SHOWN else ""
    yield f"input    {wanted.width}x{wanted.height} RGB, {wanted.resize}, {wanted.filter}"
    yield f"outputs  {manifest.outputs.activation}, also {', '.join(manifest.outputs.extra) or '-'}"
    yield f"labels   {shown}{more}"
    yield f"signed   {signed(signature)}"


def signed(signature: Standing) -> str:
    """Who signed, and whether it was looked at."""
    if signature.holds:
        return f"by {signature.holds}, which is trusted; it holds"
    if signature.reason:
        return f"NOT HELD: {signature.reason}"
    if signature.keys:
        return f"by {', '.join(signature.keys)}, they say; --trust checks it"
    return "no"


def _network(network: Network) -> Table:
    table = Table("operator", "nodes")
    for name, count in network.operators.items():
        table.add_row(escape(name), str(count))
    return table


def _sums(network: Network) -> str:
    macs = "" if network.macs is None else f", {network.macs / _MEGA:.1f} million MACs a frame"
    stored = ", ".join(f"{count} {name}" for name, count in network.precisions.items())
    return f"network  opset {network.opset}, {network.parameters} parameters ({stored}){macs}"


def _files(contents: Contents) -> Table:
    table = Table("file", "bytes", "sha256")
    for path, digest in contents.bundle.manifest.files.items():
        table.add_row(escape(path), str(contents.sizes[path]), digest[:16])
    return table


def _pairs(heading: str, pairs: Iterable[tuple[str, str]]) -> Table:
    table = Table(heading, "")
    for name, value in pairs:
        table.add_row(escape(name), escape(value))
    return table


def _engine(engine: EngineContents) -> RenderableType:
    parts: list[RenderableType] = [Text(f"engine {engine.name}   {engine.size} bytes", "bold")]
    parts.append(Text(f"signed   {signed(engine.signature)}"))
    if engine.problem:
        parts.append(Text(f"problem  {engine.problem}"))
    if engine.record is not None:
        record = engine.record
        parts.append(_pairs("built for", flat(asdict(record.fingerprint))))
        parts.append(_pairs("certificate", flat(asdict(record.certificate))))
        parts.append(_cost(record.cost))
    parts.extend(_layers(engine.layers))
    return Group(*parts)


def _cost(cost: CostCurve) -> Table:
    table = Table("frames in a batch", "ms", "frames a second")
    for size, seconds in cost.points:
        table.add_row(str(size), f"{1000 * seconds:.2f}", f"{size / seconds:.0f}")
    return table


def _layers(layers: Mapping[str, Mapping[str, int]]) -> Iterator[Table]:
    if not layers:
        return
    table = Table("precision", "layers")
    for precision, kinds in layers.items():
        said = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        table.add_row(escape(precision), escape(said))
    yield table
