"""What of TensorFlow's SavedModel format decides whether it may be loaded, read without TensorFlow.

The messages are declared here with the fields that are looked at, by their numbers in TensorFlow's
.proto files; the protobuf library skips the others. A map is declared as what it is on the wire,
repeated entries, so that a key that stands there twice is seen twice.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from edgekit.errors import ModelError, one_line, require

LARGEST = 2**31 - 1  # bytes of one message: protobuf's own limit
# message: {field: (number, type)}; a trailing * means repeated.
MESSAGES = {
    "SavedModel": {"meta_graphs": (2, "MetaGraph*")},
    "MetaGraph": {
        "graph": (2, "Graph"),
        "saver": (3, "Saver"),
        "collections": (4, "CollectionEntry*"),
        "signatures": (5, "SignatureEntry*"),
        "assets": (6, "AssetFile*"),
        "objects": (7, "ObjectGraph"),
    },
    "Graph": {"nodes": (1, "Node*"), "library": (2, "Library")},
    "Library": {"functions": (1, "Function*")},
    "Function": {"signature": (1, "OpDef"), "nodes": (3, "Node*"), "attributes": (5, "Attribute*")},
    "OpDef": {"name": (1, "string"), "inputs": (2, "Argument*")},
    "Argument": {"name": (1, "string")},
    "Node": {
        "name": (1, "string"),
        "op": (2, "string"),
        "inputs": (3, "string*"),
        "attributes": (5, "Attribute*"),
    },
    "Attribute": {"key": (1, "string"), "value": (2, "Value")},
    "Value": {"list": (1, "Values"), "tensor": (8, "Constant"), "function": (10, "Call")},
    "Values": {"tensors": (8, "Constant*"), "functions": (9, "Call*")},
    "Constant": {"dtype": (1, "int32")},
    "Call": {"name": (1, "string"), "attributes": (2, "Attribute*")},
    "Saver": {"filename": (1, "string"), "save": (2, "string"), "restore": (3, "string")},
    "CollectionEntry": {"key": (1, "string"), "value": (2, "Collection")},
    "Collection": {"names": (1, "Strings"), "protos": (2, "Strings")},
    "Strings": {"values": (1, "bytes*")},
    "SignatureEntry": {"key": (1, "string"), "value": (2, "Signature")},
    "Signature": {"outputs": (2, "TensorEntry*")},
    "TensorEntry": {"value": (2, "TensorInfo")},
    "TensorInfo": {
        "name": (1, "string"),
        "sparse": (4, "SparseInfo"),
        "composite": (5, "CompositeInfo"),
    },
    "SparseInfo": {"values": (1, "string"), "indices": (2, "string"), "shape": (3, "string")},
    "CompositeInfo": {"components": (2, "TensorInfo*")},
    "AssetFile": {"filename": (2, "string")},
    "ObjectGraph": {"nodes": (1, "Object*"), "functions": (2, "FunctionEntry*")},
    "FunctionEntry": {"key": (1, "string")},
    "Object": {
        "resource": (10, "Anything"),
        "saveables": (11, "Anything*"),
        "registered_saver": (16, "string"),
    },
    "Anything": {},
}
SCALARS = {"string": 9, "bytes": 12, "int32": 5}  # FieldDescriptorProto.Type


def read(folder: Path) -> Any:
    """The message of a SavedModel's saved_model.pb; ModelError when it is damaged or too large."""
    require("tensorflow", "convert")  # which brings protobuf
    from google.protobuf.message import DecodeError

    path = folder / "saved_model.pb"
    if path.stat().st_size > LARGEST:
        raise ModelError(f"'{path}' is larger than 2 GB, which no such file is; export it again")
    message = message_class()()
    try:
        message.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise ModelError(f"'{folder}' is damaged ({one_line(error)}); export it again") from None
    return message


@cache
def message_class() -> Any:
    """The class of a SavedModel message, made from MESSAGES."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(
        name="edgekit_saved_model.proto", package="edgekit", syntax="proto3"
    )
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            added = message.field.add(name=field, number=number)
            added.label = 3 if kind.endswith("*") else 1
            base = kind.rstrip("*")
            added.type = SCALARS.get(base, 11)
            if base not in SCALARS:
                added.type_name = f".edgekit.{base}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("edgekit.SavedModel"))
