"""`keras.distribution`: work shared by several devices.

A mesh is a grid of devices with named axes. A layout says along which of them each axis of a tensor is cut. Under a
distribution, batches are cut along one axis of the mesh and variables lie as their layouts say; the engine works out
what that means for everything in between, and the numbers are those of one device.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

import weft as tf
from weft import extend
from weft.keras.core.variable import creation_listeners


class _Here(threading.local):
    distribution: Distribution | None = None


_here = _Here()


def list_devices(device_type: str | None = None) -> list[str]:
    """The devices that the engine in use can run on.

    Args:
        device_type: `"cpu"`, `"gpu"` or `"tpu"`; all kinds where None.

    Returns:
        Names such as `cpu:0`.

    Example:
        >>> from weft import keras
        >>> keras.distribution.list_devices("cpu")[0]
        'cpu:0'
    """
    wanted = None if device_type is None else device_type.lower()
    names = [name.replace("cuda:", "gpu:").replace("rocm:", "gpu:") for name in extend.list_devices()]
    return [name for name in names if wanted is None or name.startswith(f"{wanted}:")]


def get_device_count(device_type: str | None = None) -> int:
    """How many devices of a kind there are."""
    return len(list_devices(device_type))


def initialize(
    job_addresses: str | None = None, num_processes: int | None = None, process_id: int | None = None
) -> None:
    """Makes this process one of several that share the work; before anything has run.

    Args:
        job_addresses: Host and port of the processes, separated by commas; the first one leads.
        num_processes: How many processes there are.
        process_id: Which of them this is, from 0 on.

    Raises:
        UnavailableError: On an engine that runs in one process.
    """
    address = None if job_addresses is None else job_addresses.split(",")[0]
    if num_processes is None and job_addresses is not None and "," in job_addresses:
        num_processes = len(job_addresses.split(","))
    extend.join_processes(address, num_processes, process_id)


class DeviceMesh:
    """A grid of devices.

    Args:
        shape: How many devices along each axis.
        axis_names: The names of the axes.
        devices: The devices' names, in row-major order; those of `list_devices()` where None.

    Raises:
        ValueError: Where these do not go together.

    Example:
        >>> from weft import keras
        >>> keras.distribution.DeviceMesh((1,), ["batch"], ["cpu:0"])
        <DeviceMesh shape=(1,), axis_names=['batch']>
    """

    def __init__(self, shape: Sequence[int], axis_names: Sequence[str], devices: Any = None) -> None:
        given = f"Received: shape={shape}, axis_names={axis_names}."
        if not shape or not axis_names:
            raise ValueError(f"Shape and axis_names cannot be empty: a mesh needs at least one axis. {given}")
        if len(shape) != len(axis_names):
            raise ValueError(f"Shape and axis_names should have same size, a name for each axis. {given}")
        found = np.array(list_devices() if devices is None else devices).flatten()
        if found.size != np.prod(shape):
            raise ValueError(
                f"Shape does not match the number of devices: the mesh holds {np.prod(shape)}, there are {found.size}. "
                + given
            )
        names, counts = np.unique(found, return_counts=True)
        if (counts > 1).any():
            name, count = names[counts.argmax()], counts.max()
            raise ValueError(f"A mesh has each device once; received {str(name)!r} {count} times.")
        self._shape = tuple(shape)
        self._axis_names = list(axis_names)
        self._devices = found.reshape(shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many devices along each axis."""
        return self._shape

    @property
    def axis_names(self) -> list[str]:
        """The names of the axes."""
        return self._axis_names

    @property
    def devices(self) -> Any:
        """The devices' names as a grid."""
        return self._devices

    def __repr__(self) -> str:
        return f"<DeviceMesh shape={self._shape}, axis_names={self._axis_names}>"


class TensorLayout:
    """Along which axes of a mesh a tensor is cut.

    Args:
        axes: For each axis of the tensor the name of an axis of the mesh, or None where it is not cut.
        device_mesh: The mesh; may be set later.

    Raises:
        ValueError: For names that the mesh does not have.
    """

    def __init__(self, axes: Sequence[str | None], device_mesh: DeviceMesh | None = None) -> None:
        self._axes = tuple(axes)
        self._device_mesh = device_mesh
        self._check()

    @property
    def axes(self) -> tuple[str | None, ...]:
        """The names, one for each axis of the tensor."""
        return self._axes

    @property
    def device_mesh(self) -> DeviceMesh | None:
        """The mesh."""
        return self._device_mesh

    @device_mesh.setter
    def device_mesh(self, device_mesh: DeviceMesh) -> None:
        if self._device_mesh is not None:
            raise ValueError(f"The mesh of a layout is set once; it is {self._device_mesh} already.")
        self._device_mesh = device_mesh
        self._check()

    def _check(self) -> None:
        if self._device_mesh is None:
            return
        valid = self._device_mesh.axis_names
        wrong = [axis for axis in self._axes if axis is not None and axis not in valid]
        if wrong:
            raise ValueError(f"Invalid axis names for Layout: it names {wrong[0]!r}; the mesh has "
                             f"{', '.join(map(repr, valid))}.")  # fmt: skip

    def __repr__(self) -> str:
        return f"<TensorLayout axes={self._axes}, device_mesh={self._device_mesh}>"


class LayoutMap(MutableMapping[str, Any]):
    """Layouts by the paths of variables.

    A key is a path or a regular expression that matches the whole of one; a value is a layout or its axes.

    Args:
        device_mesh: The mesh of layouts that are given as axes.

    Example:
        >>> from weft import keras
        >>> mesh = keras.distribution.DeviceMesh((1,), ["model"], ["cpu:0"])
        >>> layouts = keras.distribution.LayoutMap(mesh)
        >>> layouts["dense.*kernel"] = (None, "model")
        >>> layouts["dense_1/kernel"].axes
        (None, 'model')
    """

    def __init__(self, device_mesh: DeviceMesh) -> None:
        self._device_mesh = device_mesh
        self._layouts: dict[str, TensorLayout] = {}

    @property
    def device_mesh(self) -> DeviceMesh:
        """The mesh."""
        return self._device_mesh

    def __getitem__(self, key: str) -> TensorLayout | None:
        """The layout of a path; None where no key matches it.

        Raises:
            ValueError: Where several keys match.
        """
        if key in self._layouts:
            return self._layouts[key]
        matching = [pattern for pattern in self._layouts if re.fullmatch(pattern, key)]
        if len(matching) > 1:
            raise ValueError(f"Path {key!r} matches multiple layout keys of the LayoutMap: {matching}. Make them "
                             "narrower, so that one matches at most.")  # fmt: skip
        return self._layouts[matching[0]] if matching else None

    def __setitem__(self, key: str, layout: Any) -> None:
        if key in self._layouts:
            raise ValueError(f"{key} already exist in the LayoutMap, with {self._layouts[key]}. Delete it first "
                             "to give it another layout.")  # fmt: skip
        if isinstance(layout, tuple):
            layout = TensorLayout(layout)
        if not isinstance(layout, TensorLayout):
            raise ValueError(f"The value of {key!r} should be a TensorLayout or a tuple of axes; received {layout!r}.")
        if layout.device_mesh is None:
            layout.device_mesh = self._device_mesh
        self._layouts[key] = layout

    def __delitem__(self, key: str) -> None:
        del self._layouts[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._layouts)

    def __len__(self) -> int:
        return len(self._layouts)


class Distribution:
    """How work is shared; `DataParallel` and `ModelParallel` are the ways to.

    Args:
        device_mesh: The devices.
        batch_dim_name: The axis of the mesh that batches are cut along.
        auto_shard_dataset: Accepted: each process is given its part of a batch by the engine.
    """

    def __init__(
        self, device_mesh: DeviceMesh, batch_dim_name: str | None = None, auto_shard_dataset: bool = True
    ) -> None:
        if batch_dim_name is not None and batch_dim_name not in device_mesh.axis_names:
            known = " or ".join(map(repr, device_mesh.axis_names))
            raise ValueError(f"`batch_dim_name` is an axis of the mesh, {known}; received {batch_dim_name!r}.")
        self._device_mesh = device_mesh
        self._batch_dim_name = batch_dim_name
        self._auto_shard_dataset = auto_shard_dataset

    @property
    def device_mesh(self) -> DeviceMesh:
        """The devices."""
        return self._device_mesh

    @property
    def batch_dim_name(self) -> str | None:
        """The axis of the mesh that batches are cut along."""
        return self._batch_dim_name

    @property
    def auto_shard_dataset(self) -> bool:
        """As given."""
        return self._auto_shard_dataset

    @property
    def num_model_replicas(self) -> int:
        """Into how many parts a batch is cut."""
        name = self._batch_dim_name
        mesh = self._device_mesh
        return 1 if name is None else int(mesh.shape[mesh.axis_names.index(name)])

    def get_data_layout(self, data_shape: Sequence[Any]) -> TensorLayout:
        """The layout of a batch of a shape."""
        axes: list[str | None] = [None] * len(data_shape)
        if axes:
            axes[0] = self._batch_dim_name
        return TensorLayout(axes, self._device_mesh)

    def get_variable_layout(self, variable: Any) -> TensorLayout:
        """The layout of a variable: whole on every device."""
        return TensorLayout([None] * len(variable.shape), self._device_mesh)

    def get_tensor_layout(self, path: str) -> TensorLayout | None:
        """The layout of a tensor inside a model, by its path; None leaves it to the engine."""
        return None

    def distribute_dataset(self, dataset: Any) -> Any:
        """The dataset itself: batches are cut where they are used."""
        return dataset

    @contextmanager
    def scope(self) -> Iterator[Distribution]:
        """Work is shared so inside, and as it was before afterwards."""
        before = distribution()
        set_distribution(self)
        try:
            yield self
        finally:
            set_distribution(before)

    def _start(self) -> None:
        mesh = self._device_mesh
        extend.distribute(mesh.shape, mesh.axis_names, mesh.devices.reshape(-1).tolist(), self._batch_dim_name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} device_mesh={self._device_mesh}>"


class DataParallel(Distribution):
    """Every device has the whole model and a part of each batch.

    Args:
        device_mesh: The devices, along one axis.
        devices: Their names, in the place of a mesh; all there are where neither is given.
        auto_shard_dataset: Accepted.

    Example:
        >>> from weft import keras
        >>> keras.distribution.DataParallel(devices=["cpu:0"])
        <DataParallel device_mesh=<DeviceMesh shape=(1,), axis_names=['batch']>>
    """

    def __init__(
        self, device_mesh: DeviceMesh | None = None, devices: Sequence[str] | None = None,
        auto_shard_dataset: bool = True,
    ) -> None:  # fmt: skip
        if device_mesh is None:
            found = list_devices() if devices is None else list(devices)
            device_mesh = DeviceMesh((len(found),), ["batch"], found)
        elif not isinstance(device_mesh, DeviceMesh):
            raise ValueError(f"`device_mesh` must be a DeviceMesh; received {device_mesh!r}.")
        super().__init__(device_mesh, device_mesh.axis_names[0], auto_shard_dataset)


class ModelParallel(Distribution):
    """Variables are cut as a map of layouts says, batches along one axis of the mesh.

    Args:
        layout_map: Layouts by the paths of variables; those that no key matches are whole on every device.
        batch_dim_name: The axis that batches are cut along; the mesh's first where None.
        auto_shard_dataset: Accepted.
    """

    def __init__(
        self, *, layout_map: LayoutMap | None = None, batch_dim_name: str | None = None,
        auto_shard_dataset: bool = True, **kwargs: Any,
    ) -> None:  # fmt: skip
        kwargs.pop("device_mesh", None)
        if kwargs:
            raise TypeError(f"ModelParallel has no argument `{next(iter(kwargs))}`.")
        if not isinstance(layout_map, LayoutMap):
            raise ValueError(f"`layout_map` must be a LayoutMap; received {layout_map!r}.")
        mesh = layout_map.device_mesh
        super().__init__(mesh, batch_dim_name or mesh.axis_names[0], auto_shard_dataset)
        self._layout_map = layout_map

    def get_variable_layout(self, variable: Any) -> TensorLayout:
        """The layout that the map has for a variable's path."""
        found = self._layout_map[variable.path]
        return super().get_variable_layout(variable) if found is None else found

    def get_tensor_layout(self, path: str) -> TensorLayout | None:
        """The layout that the map has for a path."""
        return self._layout_map[path]


def distribution() -> Distribution | None:
    """The distribution in use in this thread, or None."""
    return _here.distribution


def set_distribution(value: Distribution | None) -> None:
    """Shares this thread's work so from now on; variables that are made afterwards get their layouts.

    Raises:
        UnavailableError: Where the engine in use cannot: set `WEFT_ENGINE=xla` for several devices.
    """
    if value is None:
        extend.distribute(None)
    elif isinstance(value, Distribution):
        value._start()
    else:
        raise ValueError(f"A Distribution is set, such as DataParallel(); received {value!r}.")
    _here.distribution = value


def distribute_tensor(tensor: Any, layout: TensorLayout) -> Any:
    """The same tensor, which compiled code cuts over the devices in use; elsewhere it lies on the host.

    A variable is given the layout.

    Args:
        tensor: A tensor or a variable.
        layout: Along which axes of the mesh its axes are cut; of a tensor the last ones may be left out.

    Raises:
        ValueError: For more axes than the tensor has.
    """
    if isinstance(tensor, tf.Variable):
        _set_layout(tensor, layout)
        return tensor
    if _here.distribution is None or not extend.in_graph() or not tf.is_tensor(tensor):
        return tensor
    axes, rank = tuple(layout.axes), tensor.shape.rank
    if rank is not None and len(axes) > rank:
        raise ValueError(extend.explain(f"A layout has {len(axes)} axes for a tensor of {rank}.",
                                        received=f"shape {tensor.shape}, layout {axes}"))  # fmt: skip
    return extend.op("lay_out", tensor, axes=axes)


def laid_out(outputs: Any, path: str) -> Any:
    """What a layer has computed, as the distribution in use says that it lies: by `path/output`."""
    layout = None if _here.distribution is None else _here.distribution.get_tensor_layout(f"{path}/output")
    return outputs if layout is None else tf.nest.map_structure(lambda leaf: distribute_tensor(leaf, layout), outputs)


def _set_layout(variable: Any, layout: TensorLayout) -> None:
    """Gives a variable a layout.

    Raises:
        ValueError: For a layout that does not fit the variable.
    """
    extend.set_layout(variable, layout.axes)
    mesh = layout.device_mesh
    for place, (axis, size) in enumerate(zip(layout.axes, variable.shape, strict=True)):
        parts = 1 if axis is None or mesh is None else int(mesh.shape[mesh.axis_names.index(axis)])
        if size is not None and size % parts:
            raise ValueError(extend.explain(
                f"The layout of `{getattr(variable, 'path', variable.name)}` cuts its axis {place} into {parts} parts, "
                "which do not come out even.", expected=f"a size that {parts} divides",
                received=f"shape {tuple(variable.shape)}, layout {tuple(layout.axes)}",
                hint=f"give None for this axis in the LayoutMap, or make it {-(-size // parts) * parts} wide",
            ))  # fmt: skip


def _lay_out(variable: Any) -> None:
    """Gives a new variable the layout that the distribution in use says."""
    if _here.distribution is not None:
        _set_layout(variable, _here.distribution.get_variable_layout(variable))


creation_listeners.append(_lay_out)

__all__ = [
    "DataParallel", "DeviceMesh", "LayoutMap", "ModelParallel", "TensorLayout", "distribute_tensor", "distribution",
    "get_device_count", "initialize", "list_devices", "set_distribution",
]  # fmt: skip
