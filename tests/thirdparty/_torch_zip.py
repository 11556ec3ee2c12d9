"""Read the tensors of a torch zip checkpoint with NumPy, without torch.

A checkpoint is a pickle, and a pickle may call anything it names. This reader resolves only the
four names that plain tensors need, and refuses the file at the first other one.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from typing import IO, Any

import numpy as np

_STORAGE_DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


def read(file: IO[bytes]) -> Any:
    """The checkpoint's objects, each tensor as a NumPy array."""
    with zipfile.ZipFile(file) as archive:
        pickled = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        root = pickled.removesuffix("data.pkl")
        if archive.read(root + "byteorder") != b"little":
            raise pickle.UnpicklingError("only little-endian checkpoints are read")
        return _TensorUnpickler(archive, root).load()


class _TensorUnpickler(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(archive.read(root + "data.pkl")))
        self._archive = archive
        self._root = root

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in _STORAGE_DTYPES:
            return name  # a storage type is only a label here
        raise pickle.UnpicklingError(f"checkpoint names {module}.{name}, which is not a tensor")

    def persistent_load(self, pid: Any) -> np.ndarray:
        _kind, storage, key, _device, count = pid
        if not str(key).isdecimal():
            raise pickle.UnpicklingError(f"storage key {key!r} is not a number")
        data = self._archive.read(f"{self._root}data/{key}")
        return np.frombuffer(data, _STORAGE_DTYPES[storage], count)


def _rebuild_tensor(
    storage: np.ndarray, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> np.ndarray:
    # Strides count elements, and are whatever the file says: stay within the storage.
    last = offset + sum((size - 1) * step for size, step in zip(shape, strides, strict=True))
    if min((offset, *strides)) < 0 or 0 in shape or last >= storage.size:
        raise pickle.UnpicklingError("a tensor reaches outside its storage")
    in_bytes = [step * storage.itemsize for step in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, in_bytes).copy()
