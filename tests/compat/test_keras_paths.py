"""The paths inside Keras lead to what Weft's Keras has."""

import pytest

from weft import keras
from weft.compat import keras_paths, modules
from weft.keras import inside


def test_every_path_leads_somewhere():
    for path, places in keras_paths.PATHS.items():
        module = modules.resolve("keras", path)
        for place in places:
            assert dir(module._weft_place(place)), (path, place)
        for name in keras_paths.RENAMED.get(path, ()):
            assert getattr(module, name) is not None, (path, name)


NAMES = [
    ("src.layers.core.dense", "Dense", lambda: keras.layers.Dense),
    ("src.layers.rnn.lstm", "LSTM", lambda: keras.layers.LSTM),
    ("src.models.sequential", "Sequential", lambda: keras.Sequential),
    ("src.callbacks.early_stopping", "EarlyStopping", lambda: keras.callbacks.EarlyStopping),
    ("src.optimizers.adam", "Adam", lambda: keras.optimizers.Adam),
    ("src.utils.numerical_utils", "to_categorical", lambda: keras.utils.to_categorical),
    ("src.legacy.preprocessing.image", "ImageDataGenerator", lambda: keras.preprocessing.image.ImageDataGenerator),
    ("src.losses.losses", "LossFunctionWrapper", lambda: keras.losses.LossFunctionWrapper),
    ("src.ops.numpy", "Any", lambda: keras.ops.classes.Any),
    ("src.backend", "standardize_dtype", lambda: keras.backend.standardize_dtype),
    ("src.saving", "register_keras_serializable", lambda: keras.saving.register_keras_serializable),
    ("src", "__version__", lambda: keras.__version__),
    ("src", "Functional", lambda: keras.models.Functional),
    ("src.export.tfsm_layer", "TFSMLayer", lambda: keras.layers.TFSMLayer),
]


@pytest.mark.parametrize(("path", "name", "expected"), NAMES)
def test_names(path, name, expected):
    module = modules.resolve("keras", path)
    assert getattr(module, name) is expected()


def test_masks_through_the_inner_names():
    backend = modules.resolve("keras", "src.backend")
    x = keras.Input((3,))
    backend.set_keras_mask(x, "mask")
    assert backend.get_keras_mask(x) == "mask"
    assert backend.any_symbolic_tensors(([x],)) and not backend.any_symbolic_tensors(([1.0],), {"a": 2})
    assert backend.compute_output_spec(lambda value: value[:, :2], x).shape == (None, 2)
    assert not backend.in_stateless_scope()
    with keras.StatelessScope():
        assert backend.in_stateless_scope()


def test_attributes_that_are_not_to_be_tracked():
    class Shares(keras.layers.Layer):
        @inside.no_automatic_dependency_tracking
        def borrow(self, layer):
            self.borrowed = layer

    shares, dense = Shares(), keras.layers.Dense(2)
    dense.build((None, 3))
    shares.borrow(dense)
    assert shares.borrowed is dense and shares.weights == []
    shares.own = dense
    assert len(shares.weights) == 2


def test_export_marks_change_nothing():
    assert inside.keras_export("keras.layers.Mine")(int) is int
    assert inside.in_safe_mode() and not inside.in_grain_data_pipeline()


FOUND = [
    ("src.backend.common.dtypes", "INT_TYPES", lambda x: "uint8" in x),
    ("src.backend", "SUPPORTS_SPARSE_TENSORS", bool),
    ("src.backend", "random_seed_dtype", lambda f: f() == keras.random.SeedGenerator(1).next().dtype),
    ("src.backend.config", "is_flash_attention_enabled", callable),
    ("src.backend.common.variables", "AutocastScope", callable),
    ("src.backend.tensorflow.trainer", "TensorFlowTrainer", lambda cls: issubclass(keras.Model, cls)),
    ("src.dtype_policies.dtype_policy_map", "DTypePolicyMap", lambda cls: cls is keras.dtype_policies.DTypePolicyMap),
    ("src.initializers.random_initializers", "compute_fans", lambda f: f((3, 4, 5)) == (12, 15)),
    ("src.random.seed_generator", "draw_seed", lambda f: f(7).shape == (2,)),
    ("src.utils.traceback_utils", "is_traceback_filtering_enabled", callable),
]


@pytest.mark.parametrize(("path", "name", "holds"), FOUND, ids=[name for _, name, _ in FOUND])
def test_names_inside_keras(path, name, holds):
    assert holds(getattr(modules.stand_in("keras", path), name))


def test_variables_are_read_in_the_dtype_of_a_scope():
    scope = modules.stand_in("keras", "src.backend.common.variables").AutocastScope
    variable = keras.Variable([1.0])
    with scope("float16"):
        assert variable.value.dtype == "float16"
    assert variable.value.dtype == "float32"


def test_seed_generators_are_counted_layer_by_layer():
    inner = keras.layers.Dropout(0.5)
    assert len(inner._seed_generators) == 1
    assert keras.Sequential([inner])._seed_generators == []
