"""Pipeline parallel: each device has one block of the network, and parts of a batch go through them one behind another.

The blocks' weights are stacked along an axis that is cut among the devices. In every tick all blocks work at once, each
on another part of the batch; then everything moves on by one block, which XLA makes a message to the next device. With
p blocks and m parts a batch takes m + p - 1 ticks, of which p - 1 fill and empty the pipeline.

    weft run pipeline.py [--steps N] [--parts N]
"""

import argparse
from contextlib import contextmanager

import gpt
import numpy as np

import weft as tf
from weft import keras

HEAD = gpt.WIDTH // gpt.HEADS
PARTS = 4


def weights():
    """Variables by name: what all blocks have is stacked along a first axis."""
    rng = np.random.default_rng(1)

    def made(*shape):
        return tf.Variable(rng.normal(0, 0.02, shape).astype("float32"))

    wide, deep = gpt.WIDTH, gpt.BLOCKS
    return {
        "letters": made(gpt.LETTERS, wide), "places": made(gpt.LENGTH, wide), "head": made(wide, gpt.LETTERS),
        "block_qkv": made(deep, wide, 3, gpt.HEADS, HEAD), "block_out": made(deep, gpt.HEADS, HEAD, wide),
        "block_up": made(deep, wide, 4 * wide), "block_down": made(deep, 4 * wide, wide),
    }  # fmt: skip


def normal(x):
    mean, variance = tf.nn.moments(x, -1, keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + 1e-5)


def blocks(w, x):
    """All blocks at once: block s works on x[s], [rows, time, width]."""
    qkv = tf.einsum("sbtw,swkhd->ksbhtd", normal(x), w["block_qkv"])
    scores = tf.einsum("sbhtd,sbhud->sbhtu", qkv[0], qkv[1]) / HEAD**0.5
    mask = tf.linalg.band_part(tf.ones([gpt.LENGTH, gpt.LENGTH]), -1, 0)
    found = tf.einsum("sbhtu,sbhud->sbhtd", tf.nn.softmax(scores - 1e9 * (1.0 - mask)), qkv[2])
    x = x + tf.einsum("sbhtd,shdw->sbtw", found, w["block_out"])
    up = tf.nn.gelu(tf.einsum("sbtw,swu->sbtu", normal(x), w["block_up"]))
    return x + tf.einsum("sbtu,suw->sbtw", up, w["block_down"])


def through(w, x, parts):
    """Rows [batch, time, width] through all blocks, part after part."""
    rows = tf.split(x, parts)
    busy = tf.zeros([gpt.BLOCKS, *rows[0].shape])
    done = []
    for tick in range(parts + gpt.BLOCKS - 1):
        entering = rows[tick] if tick < parts else tf.zeros_like(rows[0])
        busy = blocks(w, tf.concat([entering[None], busy[:-1]], 0))
        if tick >= gpt.BLOCKS - 1:
            done.append(busy[-1])
    return tf.concat(done, 0)


def stepper(parts, lay_out):
    """A step of training: letters and those that follow, to the loss."""
    w = weights()
    for name, variable in w.items():
        lay_out(name, variable)
    optimizer = keras.optimizers.Adam(1e-3)
    variables = list(w.values())
    optimizer.build(variables)
    for moments in (optimizer._momentums, optimizer._velocities):
        for name, variable in zip(w, moments, strict=True):
            lay_out(name, variable)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            found = through(w, tf.gather(w["letters"], x) + w["places"], parts)
            logits = normal(found) @ w["head"]
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    return step


def train(steps, parts, lay_out):
    """The losses of so many steps."""
    step = stepper(parts, lay_out)
    return [float(step(tf.constant(x), tf.constant(y))) for x, y in gpt.batches(steps)]


@contextmanager
def scope(devices):
    """Shares work among so many devices as there are blocks; gives what says where a variable lies."""
    mesh = keras.distribution.DeviceMesh((1, gpt.BLOCKS), ["batch", "stage"], devices[: gpt.BLOCKS])

    def lay_out(name, variable):
        if "block" in name:
            layout = keras.distribution.TensorLayout(["stage"] + [None] * (len(variable.shape) - 1), mesh)
            keras.distribution.distribute_tensor(variable, layout)

    with keras.distribution.ModelParallel(layout_map=keras.distribution.LayoutMap(mesh)).scope():
        yield lay_out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--parts", type=int, default=PARTS)
    args = parser.parse_args()
    devices = gpt.devices(gpt.BLOCKS)
    alone = train(args.steps, 1, lambda name, variable: None)
    with scope(devices) as lay_out:
        together = train(args.steps, args.parts, lay_out)
    gpt.report(f"pipeline of {gpt.BLOCKS} devices, {args.parts} parts", alone, together)


if __name__ == "__main__":
    main()
