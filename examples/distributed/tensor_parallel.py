"""Tensor parallel: the heads of attention and the units of dense layers are shared out, beside data parallel.

The first of two layers is cut along what comes out of it and the second along what goes into it, so that between them
each device works on its own units, and one sum over devices ends the pair.

    weft run tensor_parallel.py [--steps N] [--data N] [--model N]
"""

import argparse

import gpt

from weft import keras


def layouts(mesh):
    """Queries, keys and values by their heads, dense layers by their units."""
    found = keras.distribution.LayoutMap(mesh)
    found[".*(query|key|value)/kernel"] = (None, "model", None)
    found[".*(query|key|value)/bias"] = ("model", None)
    found[".*attention_output/kernel"] = ("model", None, None)
    found[".*up/kernel"] = (None, "model")
    found[".*up/bias"] = ("model",)
    found[".*down/kernel"] = ("model", None)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--data", type=int, default=2)
    parser.add_argument("--model", type=int, default=4)
    args = parser.parse_args()
    devices = gpt.devices(args.data * args.model)
    alone, _ = gpt.losses(args.steps)
    mesh = keras.distribution.DeviceMesh((args.data, args.model), ["data", "model"], devices)
    with keras.distribution.ModelParallel(layout_map=layouts(mesh), batch_dim_name="data").scope():
        together, _ = gpt.losses(args.steps)
    gpt.report(f"tensor parallel, {args.data} times {args.model} devices", alone, together)


if __name__ == "__main__":
    main()
