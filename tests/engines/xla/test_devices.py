"""Devices of the XLA engine by TensorFlow's names: where functions run, which there are, what XLA makes of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

jax = pytest.importorskip("jax", reason="the XLA engine needs jax: pip install 'weft[xla]'")

import weft as tf  # noqa: E402
from weft.runtime import dispatch  # noqa: E402

if len(jax.devices()) < 8:
    pytest.skip("something has used jax before with fewer than eight devices", allow_module_level=True)


@pytest.fixture(autouse=True)
def _xla() -> Iterator[None]:
    dispatch.use_engine("xla")
    yield
    tf.config.set_soft_device_placement(True)
    dispatch.use_engine(None)


def test_functions_run_on_the_device_that_was_named() -> None:
    v = tf.Variable([1.0, 2.0])
    step = tf.function(lambda: v.assign_add([1.0, 1.0]))
    for name, wanted in (("/CPU:3", 3), ("/job:localhost/replica:0/task:0/device:CPU:5", 5), ("/GPU:7", 0)):
        with tf.device(name):
            step()
        assert {device.id for device in v._cell.peek().array.sharding.device_set} == {wanted}
    assert v.numpy().tolist() == [4.0, 5.0]


def test_without_soft_placement_a_missing_device_is_an_error() -> None:
    tf.config.set_soft_device_placement(False)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Could not satisfy device specification.*GPU:7"):
        with tf.device("/GPU:7"):
            pass
    with tf.device("/CPU:0"):
        assert float(tf.constant(1.0) + 1.0) == 2.0


def test_a_processor_is_divided_before_it_is_used() -> None:
    (processor,) = tf.config.list_physical_devices("CPU")
    eight = [tf.config.LogicalDeviceConfiguration()] * 8
    tf.config.set_logical_device_configuration(processor, eight)  # it is eight already
    assert len(tf.config.list_logical_devices("CPU")) == 8
    with pytest.raises(RuntimeError, match="cannot be modified after being initialized"):
        tf.config.set_logical_device_configuration(processor, eight[:2])


def test_visible_devices_are_those_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "_visible", {}, raising=True)
    (processor,) = tf.config.list_physical_devices("CPU")
    tf.config.set_visible_devices([], "GPU")
    assert tf.config.get_visible_devices() == [processor] and tf.config.list_logical_devices("GPU") == []
    with pytest.raises(ValueError, match="no such device"):
        tf.config.set_visible_devices([processor], "GPU")


def test_what_xla_makes_of_a_function_can_be_read() -> None:
    v = tf.Variable(2.0)
    function = tf.function(lambda x: tf.reduce_sum(x) * v)
    shown = function.experimental_get_compiler_ir(tf.ones([4]))
    assert "HloModule" in shown("hlo") and "ENTRY" in shown(stage="optimized_hlo")
    with pytest.raises(ValueError, match="no such stage"):
        shown("other")
    dispatch.use_engine("reference")
    with pytest.raises(tf.errors.UnavailableError, match="WEFT_ENGINE=xla"):
        function.experimental_get_compiler_ir(tf.ones([4]))


def test_memory_growth_is_of_accelerators_and_settled_once_they_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    experimental = tf.config.experimental
    (processor,) = tf.config.list_physical_devices("CPU")
    with pytest.raises(ValueError, match="non-GPU and non-Pluggable"):
        experimental.set_memory_growth(processor, True)
    with pytest.raises(ValueError, match="Unrecognized device"):
        experimental.set_memory_growth("GPU:7", True)
    gpu = tf.config.PhysicalDevice("/physical_device:GPU:0", "GPU")
    monkeypatch.setattr("weft.api.config.list_physical_devices", lambda kind=None: [processor, gpu])
    monkeypatch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    experimental.set_memory_growth(gpu, True)
    assert experimental.get_memory_growth(gpu)
    jax.devices()
    experimental.set_memory_growth(gpu, False)  # too late: the line that says so is a warning of the log
    assert experimental.get_memory_growth(gpu)


@pytest.mark.parametrize(("said", "preallocates"), [(None, "false"), ("true", "false"), ("false", "true")])
def test_memory_grows_unless_the_environment_says_no(
    said: str | None, preallocates: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from weft.engines import xla

    monkeypatch.delenv("XLA_PYTHON_CLIENT_PREALLOCATE", raising=False)
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH", raising=False)
    if said is not None:
        monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", said)
    engine = xla.create()
    assert os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] == preallocates
    assert engine.grows() == (preallocates == "false")


def test_tensors_and_variables_say_where_their_values_lie() -> None:
    variable = tf.Variable([1.0, 2.0])
    here, there = (f"/job:localhost/replica:0/task:0/device:CPU:{number}" for number in range(2))
    assert variable.device == tf.constant(1.0).device == here

    @tf.function
    def changed(x: Any) -> Any:
        variable.assign_add(x)
        return variable * 2.0

    with tf.device("/cpu:1"):
        found = changed(tf.ones([2]))
    assert (found.device, variable.device) == (there, there)
    assert found.numpy().tolist() == [4.0, 6.0] and variable.device == there  # to look at it moves nothing
    assert (changed(tf.ones([2])).device, variable.device) == (here, here)
