"""`weft demo`: train a small network and watch it learn."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from weft.cli import CommandError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "name", choices=["mnist"], nargs="?", default="mnist", metavar="NETWORK",
        help="which network: mnist, handwritten digits (the default)",
    )
    parser.add_argument("--epochs", type=_positive, default=1, metavar="N", help="how often it sees the data (1)")
    parser.add_argument("--batch-size", type=_positive, default=32, metavar="N", help="images in a step (32)")
    parser.add_argument("--limit", type=_positive, metavar="N", help="train on the first N images only")
    parser.add_argument("--data", type=Path, metavar="PATH", help="an mnist.npz of your own")
    parser.add_argument("--out", type=Path, default=Path("."), metavar="DIR", help="where the plot goes (here)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the seed of all random numbers (0)")


def _positive(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)


def main(args: argparse.Namespace) -> int:
    """Trains, shows, and saves the plot.

    Returns:
        0; 1 where there are no data at all; 130 after Ctrl-C, with what was learned until then shown.
    """
    from weft import keras

    data, title = _load(args.data)
    (x_train, y_train), (x_test, y_test) = data
    x_train, y_train = _prepare(x_train)[: args.limit], y_train[: args.limit]
    x_test = _prepare(x_test)
    keras.utils.set_random_seed(args.seed)
    model = network()
    print(
        f"{title}: {len(x_train)} images to learn from, {len(x_test)} to test with; {model.count_params():,} weights."
    )
    interrupted = False
    try:
        model.fit(x_train, y_train, batch_size=args.batch_size, epochs=args.epochs, validation_data=(x_test, y_test))
    except KeyboardInterrupt:
        interrupted = True
        print("\nStopped.")
    history = model.history.history if model.history is not None else {}
    if not interrupted:
        loss, accuracy = model.evaluate(x_test, y_test, batch_size=256, verbose=0)
        print(f"Test loss {loss:.4f}, test accuracy {accuracy:.2%}")
        _show(model, x_test, y_test)
    _plot(history, title, args.out)
    return 130 if interrupted else 0


def network() -> Any:
    """The network: two convolutions with pooling, a dense layer with dropout, and the ten digits."""
    from weft.keras import Input, Sequential, layers

    model = Sequential([
        Input((28, 28, 1)),
        layers.Conv2D(32, (3, 3), activation="relu"), layers.MaxPooling2D((2, 2)),
        layers.Conv2D(64, (3, 3), activation="relu"), layers.MaxPooling2D((2, 2)),
        layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.5), layers.Dense(10,
        activation="softmax"),
    ])  # fmt: skip
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _prepare(images: Any) -> Any:
    return images.astype("float32")[..., None] / 255.0


def _load(path: Path | None) -> tuple[Any, str]:
    """MNIST; without it and a network, the digits that come with scikit-learn."""
    from weft.keras.datasets import mnist
    from weft.keras.utils.file_utils import DownloadError

    if path is not None:
        try:
            return mnist.read(path / "mnist.npz" if path.is_dir() else path), "MNIST"
        except ValueError as error:
            # The line that called is that of the command itself, and tells nobody anything.
            lines = [line for line in str(error).splitlines() if not line.startswith("  at ")]
            raise CommandError("\n".join(lines)) from None
    try:
        return mnist.load_data(), "MNIST"
    except DownloadError:
        digits = small_digits()
        print("MNIST is not here and there is no network: training on scikit-learn's handwritten digits instead.")
        return digits, "scikit-learn's digits"


def small_digits() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The 1,797 handwritten digits of scikit-learn, enlarged from 8 × 8 to 20 × 20 pixels within 28 × 28.

    Returns:
        As `keras.datasets.mnist.load_data`; every fifth one is for testing.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise CommandError(
            "MNIST is not here and there is no network, and the digits that would do instead come with scikit-learn: "
            "pip install 'weft[demo]', or put mnist.npz into a folder that WEFT_DATA_DIR names."
        ) from None
    import numpy as np

    bunch = load_digits()
    small = bunch.images / 16.0 * 255.0
    # Linear interpolation along both axes: a matrix with the weights of neighbours, from either side.
    places = np.linspace(0.0, 7.0, 20)
    weights = np.maximum(0.0, 1.0 - np.abs(places[:, None] - np.arange(8)[None, :]))
    large = np.einsum("ab,nbc,dc->nad", weights, small, weights)
    images = np.pad(np.round(large), ((0, 0), (4, 4), (4, 4))).astype(np.uint8)
    labels = bunch.target.astype(np.uint8)
    test = np.arange(len(labels)) % 5 == 4
    return (images[~test], labels[~test]), (images[test], labels[test])


def _show(model: Any, images: Any, labels: Any, count: int = 6) -> None:
    """A few test images with what the network takes them for."""
    chosen = images[:count]
    guesses = model.predict(chosen, verbose=0)
    blocks = _encodes("▀▄█")
    pictures = [picture(image[..., 0], blocks) for image in chosen]
    captions = [
        f"{int(guess.argmax())} ({guess.max():.0%})"
        + ("" if int(guess.argmax()) == int(label) else f", is {int(label)}")
        for guess, label in zip(guesses, labels, strict=False)
    ]
    width = max(max(len(line) for shape in pictures for line in shape), *(len(text) for text in captions)) + 1
    for row in range(max(len(shape) for shape in pictures)):
        print("".join(shape[row].ljust(width) for shape in pictures).rstrip())
    print("".join(text.center(width) for text in captions).rstrip())


def picture(image: Any, blocks: bool) -> list[str]:
    """An image as lines of text.

    Args:
        image: `[28, 28]`, from 0 to 1.
        blocks: Whether half blocks of Unicode may be used; else characters of growing darkness.

    Returns:
        14 lines.
    """
    small = image.reshape(14, 2, 14, 2).mean(axis=3)  # half the width, so that a character shows two rows
    if not blocks:
        shades = " .:+#@"
        return ["".join(shades[min(int(v * len(shades)), len(shades) - 1)] for v in row) for row in small.mean(axis=1)]
    glyphs = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
    return [
        "".join(glyphs[bool(top > 0.35), bool(low > 0.35)] for top, low in zip(*pair, strict=True)) for pair in small
    ]


def _encodes(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _plot(history: dict[str, list[float]], title: str, folder: Path) -> None:
    """Saves the history as a picture."""
    if not history.get("loss"):
        return
    try:
        import matplotlib
    except ImportError:
        print("No plot of the history: that needs matplotlib, which comes with pip install 'weft[demo]'.")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.5))
    epochs = range(1, len(history["loss"]) + 1)
    for axis, name in zip(axes, ("loss", "accuracy"), strict=True):
        for key, label in ((name, "training"), (f"val_{name}", "test")):
            if key in history:
                axis.plot(list(epochs)[: len(history[key])], history[key], marker="o", label=label)
        axis.set_xlabel("epoch")
        axis.set_ylabel(name)
        axis.legend()
    figure.suptitle(title)
    figure.tight_layout()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "mnist-history.png"
    figure.savefig(target, dpi=120)
    pyplot.close(figure)
    print(f"The plot of the history is in {target}.")
