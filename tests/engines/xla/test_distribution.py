"""keras.distribution over eight devices of the processor: the losses of one device, variables where they should lie."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

import weft as tf  # noqa: E402
from weft import keras  # noqa: E402
from weft.base.errors import UnavailableError  # noqa: E402
from weft.engines.xla import sharding  # noqa: E402
from weft.keras import distribution, layers  # noqa: E402
from weft.runtime import dispatch  # noqa: E402

if len(jax.devices()) < 8:
    pytest.skip("something has used jax before with fewer than eight devices", allow_module_level=True)


@pytest.fixture(autouse=True)
def _xla() -> Iterator[None]:
    dispatch.use_engine("xla")
    yield
    distribution.set_distribution(None)
    dispatch.use_engine(None)


def _train(shared: distribution.Distribution | None, steps: int = 50) -> tuple[list[float], Any]:
    """The losses of so many steps, batches of uneven ends among them."""
    distribution.set_distribution(shared)
    keras.utils.set_random_seed(1)
    model = keras.Sequential([
        keras.Input((10,)), layers.Dense(16, activation="relu", use_bias=False, name="up"),
        layers.BatchNormalization(), layers.Dropout(0.1), layers.Dense(4, name="down"),
    ])  # fmt: skip
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    rng = np.random.default_rng(0)
    x, y = rng.random((72, 10), dtype=np.float32), rng.integers(0, 4, 72)
    losses = [model.train_on_batch(x[i : i + 16], y[i : i + 16]) for _ in range(steps // 5) for i in range(0, 72, 16)]
    return [float(loss) for loss in losses], model


def test_losses_are_those_of_one_device() -> None:
    alone, _ = _train(None)
    assert len(alone) == 50
    for count in (2, 8):
        together, model = _train(distribution.DataParallel(devices=distribution.list_devices()[:count]))
        np.testing.assert_allclose(together, alone, rtol=0, atol=1e-5)
        assert len(model.layers[0].kernel._cell.peek().array.sharding.device_set) == count


def test_variables_are_cut_as_the_map_says() -> None:
    alone, _ = _train(None)
    mesh = distribution.DeviceMesh((2, 4), ["data", "model"])
    layouts = distribution.LayoutMap(mesh)
    layouts[".*up/kernel"] = (None, "model")
    layouts[".*down/kernel"] = ("model", None)
    together, model = _train(distribution.ModelParallel(layout_map=layouts, batch_dim_name="data"))
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-5)
    up, down = (model.get_layer(name).kernel for name in ("up", "down"))
    assert up._cell.peek().array.addressable_shards[0].data.shape == (10, 4)
    assert down._cell.peek().array.addressable_shards[0].data.shape == (4, 4)
    slots = [v for v in model.optimizer.variables if "up_kernel" in v.path]
    assert [v._cell.peek().array.addressable_shards[0].data.shape for v in slots] == [(10, 4), (10, 4)]


def test_fit_shares_batches_of_arrays_in_memory() -> None:
    found = []
    for shared in (None, distribution.DataParallel()):
        _, model = _train(shared, steps=5)
        rng = np.random.default_rng(2)
        x, y = rng.random((72, 10), dtype=np.float32), rng.integers(0, 4, 72)
        history = model.fit(x, y, batch_size=16, epochs=2, verbose=0)
        found.append([*history.history["loss"], model.evaluate(x, y, verbose=0), *model.predict(x, verbose=0)[0]])
    np.testing.assert_allclose(found[1], found[0], atol=1e-5)


def test_a_scope_ends() -> None:
    shared = distribution.DataParallel(devices=["cpu:0", "cpu:1"])
    with shared.scope():
        assert distribution.distribution() is shared
    assert distribution.distribution() is None


def test_a_model_that_was_made_for_one_grid_goes_on_over_another() -> None:
    def parallel(*shape: int, axes: tuple[str, ...] = ("model",)) -> distribution.ModelParallel:
        mesh = distribution.DeviceMesh(shape, axes, distribution.list_devices("cpu")[: int(np.prod(shape))])
        layouts = distribution.LayoutMap(mesh)
        layouts[".*kernel"] = (None, axes[-1])
        return distribution.ModelParallel(layout_map=layouts, batch_dim_name=axes[0])

    grids = [parallel(4), parallel(2), parallel(3), distribution.DataParallel(devices=["cpu:0", "cpu:1"]),
             parallel(2, 2, axes=("a", "model")), parallel(2, 2, axes=("a", "b")), None]  # fmt: skip
    found = []
    for all_of_them in (grids, [None] * len(grids)):
        keras.utils.set_random_seed(1)
        distribution.set_distribution(all_of_them[0])
        model = keras.Sequential([keras.Input((10,)), layers.Dense(16), layers.Dense(4)])
        model.compile("adam", "mse")
        x = np.random.default_rng(0).random((24, 10), dtype=np.float32)
        losses = []
        for grid in all_of_them:
            distribution.set_distribution(grid)
            losses += model.fit(x, x[:, :4], batch_size=12, shuffle=False, verbose=0).history["loss"]
        found.append([*losses, *model.predict(x, verbose=0)[0]])
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)


def test_the_distribution_of_a_thread_is_its_own() -> None:
    seen = []
    with distribution.DataParallel(devices=["cpu:0", "cpu:1"]).scope():
        other = threading.Thread(target=lambda: seen.append((distribution.distribution(), _engine_shares())))
        other.start()
        other.join()
        assert _engine_shares()
    assert seen == [(None, False)]


def _engine_shares() -> bool:
    from weft.engines.xla import sharding

    return sharding.current() is not None


def test_what_does_not_go_together_is_refused() -> None:
    mesh = distribution.DeviceMesh((8,), ["batch"])
    assert mesh.devices.tolist() == distribution.list_devices("cpu") and distribution.get_device_count() == 8
    with pytest.raises(ValueError, match="a name for each axis"):
        distribution.DeviceMesh((1, 2), ["batch"])
    with pytest.raises(ValueError, match="holds 2, there are 1"):
        distribution.DeviceMesh((2,), ["batch"], ["cpu:0"])
    with pytest.raises(ValueError, match="names .x."):
        distribution.TensorLayout(["x"], mesh)
    with pytest.raises(ValueError, match="each device once; received 'cpu:0' 2 times"):
        distribution.DeviceMesh((2,), ["batch"], ["cpu:0", "cpu:0"])
    with pytest.raises(ValueError, match="an axis of the mesh, 'batch'; received 'bacth'"):
        distribution.ModelParallel(layout_map=distribution.LayoutMap(mesh), batch_dim_name="bacth")
    uneven = distribution.LayoutMap(mesh)
    uneven[".*kernel"] = (None, "batch")
    with distribution.ModelParallel(layout_map=uneven).scope():
        with pytest.raises(ValueError, match=r"(?s)cuts its axis 1 into 8 parts.*make it 16 wide"):
            layers.Dense(15).build((None, 10))
    layouts = distribution.LayoutMap(mesh)
    layouts["dense.*"] = (None, "batch")
    layouts["dense/.*"] = (None, None)
    assert layouts["other"] is None
    with pytest.raises(ValueError, match="multiple layout keys"):
        layouts["dense/kernel"]
    with pytest.raises(ValueError, match="already"):
        layouts["dense.*"] = (None,)
    with pytest.raises(ValueError, match="a Distribution is set|A Distribution is set"):
        distribution.set_distribution(4)  # type: ignore[arg-type]
    with pytest.raises(UnavailableError, match="has no host or no port"):
        distribution.initialize("nonsense", 2, 0)
    with pytest.raises(UnavailableError, match="no process of this number"):
        distribution.initialize("127.0.0.1:4321", 2, 5)
    with pytest.raises(UnavailableError, match="no device 'cpu:99'"):
        distribution.set_distribution(distribution.DataParallel(devices=["cpu:0", "cpu:99"]))


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_other_engines_take_one_device(engine: str) -> None:
    dispatch.use_engine(engine)
    assert distribution.list_devices() == ["cpu:0"]
    distribution.set_distribution(distribution.DataParallel())
    with pytest.raises(UnavailableError, match="WEFT_ENGINE=xla"):
        distribution.set_distribution(distribution.DataParallel(devices=["cpu:0", "cpu:1"]))
    with pytest.raises(UnavailableError, match="one process"):
        distribution.initialize("localhost:1234,localhost:1235", 2, 0)


def test_outputs_are_cut_as_the_map_says(monkeypatch: pytest.MonkeyPatch) -> None:
    cut: list[tuple[Any, Any]] = []
    laid_out = sharding.laid_out
    monkeypatch.setattr(sharding, "laid_out", lambda x, axes: cut.append((x.shape, axes)) or laid_out(x, axes))
    alone, _ = _train(None, steps=10)
    layouts = distribution.LayoutMap(distribution.DeviceMesh((2, 4), ["data", "model"]))
    layouts[".*up/output"] = ("data", "model")
    shared = distribution.ModelParallel(layout_map=layouts, batch_dim_name="data")
    together, _ = _train(shared, steps=10)
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-5)
    assert ((16, 16), ("data", "model")) in cut

    @tf.function
    def doubled(x: Any, axes: tuple[str, ...]) -> Any:
        return 2.0 * distribution.distribute_tensor(x, distribution.TensorLayout(axes, shared.device_mesh))

    cut.clear()
    with shared.scope():
        np.testing.assert_array_equal(doubled(tf.ones((4, 3)), ("data",)), np.full((4, 3), 2.0))
        with pytest.raises(ValueError, match="3 axes for a tensor of 2"):
            doubled(tf.ones((4, 3)), ("data", "model", "data"))
    assert cut == [((4, 3), ("data",))]
