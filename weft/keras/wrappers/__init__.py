"""`keras.wrappers`: models as estimators of scikit-learn, which is needed for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weft.extend import explain

if TYPE_CHECKING:
    from weft.keras.wrappers.estimators import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'keras.wrappers' has no attribute {name!r}")
    try:
        from weft.keras.wrappers import estimators
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "sklearn":
            raise
        raise ImportError(explain(
            f"{name} requires `scikit-learn` to be installed.", hint="pip install scikit-learn"
        )) from None  # fmt: skip
    value = globals()[name] = getattr(estimators, name)
    return value


def __dir__() -> list[str]:
    return list(__all__)
