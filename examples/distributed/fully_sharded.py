"""Fully sharded data parallel: every device has a part of each weight and of each batch.

The weights, and with them the optimizer's moments, are cut along the axis of the mesh that batches are cut along, too.
A step gathers a layer's weights where they are needed and scatters the sums of their gradients back; no device ever
holds the whole network.

    weft run fully_sharded.py [--steps N] [--devices N]
"""

import argparse

import gpt

from weft import keras


def layouts(mesh):
    """Every kernel and table is cut along its first axis; vectors are small, and whole everywhere."""
    found = keras.distribution.LayoutMap(mesh)
    found[".*(query|key|value)/kernel"] = ("batch", None, None)
    found[".*attention_output/kernel"] = (None, None, "batch")
    found[".*(up|down|head)/kernel"] = ("batch", None)
    found["letters/embeddings"] = ("batch", None)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--devices", type=int, default=8)
    args = parser.parse_args()
    devices = gpt.devices(args.devices)
    alone, _ = gpt.losses(args.steps)
    mesh = keras.distribution.DeviceMesh((len(devices),), ["batch"], devices)
    with keras.distribution.ModelParallel(layout_map=layouts(mesh), batch_dim_name="batch").scope():
        together, _ = gpt.losses(args.steps)
    gpt.report(f"fully sharded over {len(devices)} devices", alone, together)


if __name__ == "__main__":
    main()
