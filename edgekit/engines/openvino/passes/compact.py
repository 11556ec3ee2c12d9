"""Takes out of an IR file what OpenVINO's reader does not use.

The .xml of a small net can be larger than its weights: of a super-resolution net in int8, 138 kB
beside 98 kB. Layers keep their ports, types and attributes; layer names, dimensions of ports (the
reader infers them again), types of input ports (it does not read them), conversion notes, white
space and layers that read the same constant again go. Inputs and outputs keep their names.
"""

from __future__ import annotations

import shutil
from xml.etree import ElementTree

from edgekit.engines.openvino.rewrites import NOTE
from edgekit.model import Model
from edgekit.passes._context import Context, artifact, with_files
from edgekit.typed import Typed

TAKES, GIVES = "openvino-ir", "openvino-ir"
NEEDS = ("openvino",)
# Layers that hold other graphs, whose ports the reader matches by more than their order.
NESTED = {"If", "Loop", "TensorIterator"}


class Options(Typed, frozen=True):
    """None."""


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Compact every signature."""
    for name, file in model.files.items():
        source, target = ctx.source / file, artifact(ctx, name, ".xml")
        target.write_text(compacted(source.read_text(encoding="utf-8")), encoding="utf-8")
        shutil.copyfile(source.with_suffix(".bin"), target.with_suffix(".bin"))
    return with_files(model, GIVES, ".xml")


def compacted(text: str) -> str:
    """The same graph in fewer words; one with loops or branches loses its white space only."""
    net = ElementTree.fromstring(text)
    for element in net.iter():
        element.tail = None
        if not (element.text or "").strip():
            element.text = None
    layers = net.findall("./layers/layer")
    if not any(layer.get("type") in NESTED for layer in layers):
        for notes in net.findall("rt_info"):
            for note in list(notes):
                if note.tag != NOTE[0]:
                    notes.remove(note)
        share_constants(net)
        for layer in net.findall("./layers/layer"):
            shorten(layer)
    words = ElementTree.tostring(net, encoding="unicode")
    return '<?xml version="1.0"?>' + words.replace(" />", "/>")


def share_constants(net: ElementTree.Element) -> None:
    """Keep one of the layers that read the same constant: the same bytes, type and shape."""
    holder, edges = net.find("layers"), net.findall("./edges/edge")
    assert holder is not None  # or OpenVINO had not written it
    kept: dict[tuple[tuple[str, str], ...], str] = {}
    instead = {}
    for layer in holder.findall("layer[@type='Const']"):
        data, number = layer.find("data"), layer.get("id", "")
        assert data is not None
        first = kept.setdefault(tuple(sorted(data.attrib.items())), number)
        if first != number:
            instead[number] = first
    holder[:] = [layer for layer in holder if layer.get("id") not in instead]
    for edge in edges:
        number = edge.get("from-layer", "")
        edge.set("from-layer", instead.get(number, number))


def shorten(layer: ElementTree.Element) -> None:
    """Number a layer instead of naming it, unless its name can be seen from outside.

    Outputs are known by the names of their tensors, which stand elsewhere.
    """
    if layer.get("type") != "Parameter":
        layer.set("name", str(layer.get("id")))
    for port in layer.iterfind("./*/port"):
        for dimension in port.findall("dim"):
            port.remove(dimension)
    for port in layer.iterfind("input/port"):
        port.attrib.pop("precision", None)
