"""The module paths inside Keras that programs import from, and what stands in for them.

Editors complete imports with the module that a class is written in, so many programs say `from keras.src.layers import
Dense`; libraries on Keras take from there what has no public name. Only paths that Keras 3 has are answered: libraries
tell releases of Keras apart by what can be imported.
"""

_LAYERS = ("keras.layers",)
_MODELS = ("keras.models", "keras")
_OPS = ("keras.ops",)
_LOSSES = ("keras.losses",)
_METRICS = ("keras.metrics",)
_CALLBACKS = ("keras.callbacks",)
_OPTIMIZERS = ("keras.optimizers",)
_SAVING = ("keras.saving", "keras.models")
_UTILS = ("keras.utils", "keras")
_BACKEND = ("keras.backend", "keras.ops", "keras.random", "keras")
_IMAGES = "layers.preprocessing.image_preprocessing"

#: A folder of `keras.src` -> the modules in it, and where their names are.
_FOLDERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("", ("keras",)),
    "activations": ("activations", ("keras.activations",)),
    "api_export": ("", ()),
    "backend": ("config", ("keras.backend", "keras.config", *_BACKEND)),
    "backend.common": (
        ("backend_utils dtypes global_state keras_tensor masking name_scope remat stateless_scope symbolic_scope "
        "variables"),
        _BACKEND,
    ),
    "backend.tensorflow": (
        "core distribution_lib image linalg math nn numpy random rnn trainer",
        ("keras.ops", "keras.random", "keras.backend", "keras.distribution", "keras"),
    ),
    "callbacks": (
        ("backup_and_restore callback callback_list csv_logger early_stopping history lambda_callback "
        "learning_rate_scheduler model_checkpoint monitor_callback progbar_logger reduce_lr_on_plateau remote_monitor "
        "swap_ema_weights tensorboard terminate_on_nan"),
        _CALLBACKS,
    ),
    "constraints": ("constraints", ("keras.constraints",)),
    "datasets": ("mnist", ("keras.datasets",)),
    "distillation": ("distillation_loss distiller", ("keras.distillation",)),
    "distribution": ("distribution_lib", ("keras.distribution",)),
    "dtype_policies": ("dtype_policy dtype_policy_map", ("keras.dtype_policies",)),
    "export": ("export_utils saved_model tfsm_layer", ("keras.export",)),
    "initializers": ("constant_initializers initializer random_initializers", ("keras.initializers",)),
    "layers": ("input_spec layer", _LAYERS),
    "layers.activations": ("activation elu leaky_relu prelu relu softmax", _LAYERS),
    "layers.attention": ("additive_attention attention grouped_query_attention multi_head_attention", _LAYERS),
    "layers.convolutional": (
        ("base_conv base_conv_transpose base_depthwise_conv base_separable_conv conv1d conv1d_transpose conv2d "
        "conv2d_transpose conv3d conv3d_transpose depthwise_conv1d depthwise_conv2d separable_conv1d separable_conv2d"),
        _LAYERS,
    ),
    "layers.core": (
        "dense einsum_dense embedding identity input_layer lambda_layer masking reversible_embedding wrapper", _LAYERS,
    ),
    "layers.merging": ("add average base_merge concatenate dot maximum minimum multiply subtract", _LAYERS),
    "layers.normalization": (
        ("batch_normalization group_normalization layer_normalization rms_normalization spectral_normalization "
        "unit_normalization"),
        _LAYERS,
    ),
    "layers.pooling": (
        ("average_pooling1d average_pooling2d average_pooling3d base_global_pooling base_pooling "
        "global_average_pooling1d global_average_pooling2d global_average_pooling3d global_max_pooling1d "
        "global_max_pooling2d global_max_pooling3d max_pooling1d max_pooling2d max_pooling3d"),
        _LAYERS,
    ),
    "layers.preprocessing": (
        ("category_encoding discretization feature_space hashed_crossing hashing integer_lookup mel_spectrogram "
        "normalization pipeline rescaling stft_spectrogram string_lookup text_vectorization"),
        ("keras.layers", "keras.utils"),
    ),
    _IMAGES: (
        ("aug_mix auto_contrast base_image_preprocessing_layer center_crop cut_mix equalization max_num_bounding_box "
        "mix_up rand_augment random_brightness random_color_degeneration random_color_jitter random_contrast "
        "random_crop random_elastic_transform random_erasing random_flip random_gaussian_blur random_grayscale "
        "random_hue random_invert random_perspective random_posterization random_rotation random_saturation "
        "random_sharpness random_shear random_translation random_zoom resizing solarization"),
        _LAYERS,
    ),
    f"{_IMAGES}.bounding_boxes": ("converters iou", ("keras.utils.bounding_boxes",)),
    "layers.regularization": (
        "activity_regularization alpha_dropout dropout gaussian_dropout gaussian_noise spatial_dropout", _LAYERS,
    ),
    "layers.reshaping": (
        ("cropping1d cropping2d cropping3d flatten permute repeat_vector reshape up_sampling1d up_sampling2d "
        "up_sampling3d zero_padding1d zero_padding2d zero_padding3d"),
        _LAYERS,
    ),
    "layers.rnn": (
        "bidirectional conv_lstm1d conv_lstm2d conv_lstm3d gru lstm rnn simple_rnn stacked_rnn_cells time_distributed",
        _LAYERS,
    ),
    "legacy": ("layers", ("keras.layers",)),
    "legacy.preprocessing": ("", ("keras.preprocessing",)),
    "legacy.saving": ("legacy_h5_format saving_utils serialization", _SAVING),
    "losses": ("loss losses", _LOSSES),
    "metrics": (
        ("accuracy_metrics confusion_metrics correlation_metrics f_score_metrics hinge_metrics iou_metrics metric "
        "probabilistic_metrics reduction_metrics regression_metrics"),
        _METRICS,
    ),
    "models": ("cloning functional model sequential", _MODELS),
    "ops": ("core einops function linalg math nn numpy operation", ("keras.ops", "keras", "keras.ops.classes")),
    "optimizers": (
        ("adadelta adafactor adagrad adam adamax adamw base_optimizer ftrl lamb lion loss_scale_optimizer muon nadam "
        "optimizer rmsprop schedule_free_adamw sgd"),
        _OPTIMIZERS,
    ),
    "optimizers.schedules": ("learning_rate_schedule", ("keras.optimizers.schedules",)),
    "random": ("random seed_generator", ("keras.random",)),
    "regularizers": ("regularizers", ("keras.regularizers",)),
    "saving": ("file_editor object_registration saving_api saving_lib serialization_lib", _SAVING),
    "trainers": ("compile_utils trainer", ("keras.trainer.trainer", "keras.trainer.compile_utils")),
    "trainers.data_adapters": ("data_adapter_utils py_dataset_adapter", _UTILS),
    "tree": ("optree_impl tree_api", ("keras.tree",)),
    "utils": (
        ("argument_validation audio_dataset_utils backend_utils config dataset_utils file_utils image_dataset_utils "
        "image_utils io_utils model_visualization naming numerical_utils progbar python_utils rng_utils sequence_utils "
        "summary_utils text_dataset_utils timeseries_dataset_utils traceback_utils tracking"),
        ("keras.utils", "keras.config", "keras"),
    ),
    "version": ("", ("keras",)),
    "wrappers": ("sklearn_wrapper", ("keras.wrappers",)),
}  # fmt: skip

#: Modules whose names are elsewhere than their folder's.
_APART = {
    "legacy.preprocessing.image": ("keras.preprocessing.image",),
    "legacy.preprocessing.sequence": ("keras.preprocessing.sequence",),
    "legacy.preprocessing.text": ("keras.preprocessing.text",),
    "ops.image": ("keras.ops.image", "keras.ops", "keras.ops.classes"),
    "utils.bounding_boxes": ("keras.utils.bounding_boxes",),
}


def _paths() -> dict[str, tuple[str, ...]]:
    found = {}
    for folder, (modules, places) in _FOLDERS.items():
        path = f"src.{folder}" if folder else "src"
        found[path] = places
        found.update({f"{path}.{module}": places for module in modules.split()})
    return {**found, **{f"src.{path}": places for path, places in _APART.items()}}


#: Below ``keras``, as `old_paths.KERAS`.
PATHS = _paths()

_INSIDE = {
    **{name: f"keras.inside.{name}" for name in ("any_symbolic_tensors", "compute_output_spec", "in_stateless_scope")},
    "get_keras_mask": "keras.core.masking.get_mask",
    "in_symbolic_scope": "keras.core.stateless.in_symbolic_scope",
    "is_keras_tensor": "keras.backend.is_keras_tensor",
    "get_current_remat_mode": "keras.core.remat.get_current_remat_mode",
    "current_path": "keras.core.naming.current_path",
    "set_keras_mask": "keras.core.masking.set_mask",
    "standardize_data_format": "keras.config.standardize_data_format",
    **{
        name: f"keras.inside.{name}"
        for name in (
            "AutocastScope", "IS_THREAD_SAFE", "SUPPORTS_COMPLEX_DTYPES", "SUPPORTS_RAGGED_TENSORS",
            "SUPPORTS_SPARSE_TENSORS", "random_seed_dtype",
        )
    },
    **{
        name: f"keras.core.dtypes.{name}"
        for name in ("ALLOWED_DTYPES", "BOOL_TYPES", "COMPLEX_TYPES", "FLOAT8_TYPES", "FLOAT_TYPES", "INT_TYPES")
    },
}

#: Names that are called something else here, as `old_paths.RENAMED`.
RENAMED: dict[str, dict[str, str]] = {
    **{path: _INSIDE for path in PATHS if path.startswith("src.backend")},
    "src.backend": {
        **_INSIDE,
        **{
            name: f"keras.src.backend.tensorflow.{name}"
            for name in "core distribution_lib image linalg math nn numpy random rnn".split()
        },
    },
    "src.backend.common.global_state": {
        name: f"keras.core.global_state.{name}" for name in ("get_global_attribute", "set_global_attribute")
    } | {"clear_session": "keras.backend.clear_session"},
    "src": {"Functional": "keras.models.Functional"},
    "src.export.saved_model": {"export_saved_model": "keras.export.archive.export_saved_model"},
    "src.export.tfsm_layer": {"TFSMLayer": "keras.layers.TFSMLayer"},
    "src.api_export": {"keras_export": "keras.inside.keras_export"},
    "src.layers": {
        "GroupedQueryAttention": "keras.layers.GroupQueryAttention",
    },
    "src.layers.attention.grouped_query_attention": {"GroupedQueryAttention": "keras.layers.GroupQueryAttention"},
    "src.layers.convolutional.base_conv": {"BaseConv": "keras.layers.convolution.conv.BaseConv"},
    "src.layers.convolutional.base_conv_transpose": {
        "BaseConvTranspose": "keras.layers.convolution.conv.BaseConvTranspose",
    },
    "src.layers.convolutional.base_depthwise_conv": {
        "BaseDepthwiseConv": "keras.layers.convolution.conv.BaseDepthwiseConv",
    },
    "src.layers.convolutional.base_separable_conv": {
        "BaseSeparableConv": "keras.layers.convolution.conv.BaseSeparableConv",
    },
    "src.backend.tensorflow.trainer": {"TensorFlowTrainer": "keras.trainer.trainer.Trainer"},
    "src.initializers.random_initializers": {"compute_fans": "keras.initializers.random.compute_fans"},
    "src.layers.merging.base_merge": {"Merge": "keras.layers.merging.Merge"},
    **{f"src.ops{module}": {"Any": "keras.ops.classes.Any"} for module in ("", ".numpy")},
    "src.random.seed_generator": {
        name: f"keras.random.seed_generator.{name}"
        for name in ("draw_seed", "global_seed_generator", "make_default_seed")
    },
    "src.saving.serialization_lib": {
        "SafeModeScope": "keras.inside.SafeModeScope", "in_safe_mode": "keras.inside.in_safe_mode",
    },
    "src.saving.object_registration": {
        "GLOBAL_CUSTOM_NAMES": "keras.saving.registry._names",
        "GLOBAL_CUSTOM_OBJECTS": "keras.saving.registry._objects",
    },
    "src.saving.saving_lib": {
        "load_weights_only": "keras.saving.load_weights", "save_weights_only": "keras.saving.save_weights",
    },
    "src.legacy.saving.legacy_h5_format": {
        "load_model_from_hdf5": "keras.saving.load_model", "save_model_to_hdf5": "keras.saving.save_model",
    },
    "src.trainers.data_adapters.data_adapter_utils": {
        "class_weight_to_sample_weights": "keras.trainer.arrays.class_weights",
    },
    "src.utils.backend_utils": {"in_grain_data_pipeline": "keras.inside.in_grain_data_pipeline"},
    "src.utils": {name: f"keras.inside.{name}" for name in ("removeprefix", "removesuffix")},
    "src.utils.python_utils": {name: f"keras.inside.{name}" for name in ("removeprefix", "removesuffix")},
    "src.utils.naming": {
        "auto_name": "keras.core.naming.auto_name", "to_snake_case": "keras.core.naming.to_snake_case",
    },
    "src.utils.tracking": {
        "no_automatic_dependency_tracking": "keras.inside.no_automatic_dependency_tracking",
    },
}  # fmt: skip
