"""TensorBoard: scalars, histograms, images, text and the graph by hand, and Keras' callback, in a folder of logs.

`tensorboard --logdir logs` shows them; `--logdir` names another folder.

Short mode: accuracy 0.91 on the test images.
"""

import argparse
import os

import realdata
import tensorflow as tf
from tensorflow.keras import layers

parser = argparse.ArgumentParser()
parser.add_argument("--short", action="store_true")
parser.add_argument("--logdir", default="logs")
options = parser.parse_args()

tf.keras.utils.set_random_seed(0)
(x, y), (x_test, y_test) = realdata.digits(4000, 500) if options.short else realdata.digits(60000, 10000)
train = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(10000, seed=0).batch(64)
model = tf.keras.Sequential([
    layers.Input([28, 28]),
    layers.Flatten(),
    layers.Dense(96, activation="relu", name="hidden"),
    layers.Dense(10, name="digit"),
])  # fmt: skip
loss_of = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(2e-3)
writer = tf.summary.create_file_writer(os.path.join(options.logdir, "by_hand"))


@tf.function
def train_step(images, labels, step):
    with tf.GradientTape() as tape:
        loss = loss_of(labels, model(images, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    with writer.as_default(step=step), tf.name_scope("training"):
        tf.summary.scalar("loss", loss)
        with tf.summary.record_if(step % 20 == 0):
            tf.summary.scalar("gradient_norm", tf.linalg.global_norm(gradients))
            for variable in model.trainable_variables:
                tf.summary.histogram(variable.path, variable)
    return loss


step = tf.Variable(0, dtype=tf.int64)
with writer.as_default():
    tf.summary.text("about", f"An **MLP** with {model.count_params()} weights", step=0)
    tf.summary.image("digits", x[:4, ..., None], step=0, max_outputs=4, description="The first ones")
for epoch in range(1 if options.short else 3):
    for images, labels in train:
        first = step == 0
        if first:
            tf.summary.trace_on(graph=True)
        loss = train_step(images, labels, step)
        if first:
            with writer.as_default():
                tf.summary.trace_export("train_step", step=0)
        step.assign_add(1)
    with writer.as_default(step=step):
        guesses = tf.argmax(model(x_test), axis=1)
        accuracy = tf.reduce_mean(tf.cast(guesses == y_test, tf.float32))
        tf.summary.scalar("accuracy", accuracy)
        if tf.reduce_any(guesses != y_test):
            tf.summary.image("mistaken", x_test[guesses != y_test][..., None], max_outputs=4)
    print(f"epoch {epoch + 1}: loss {loss:.4f}, accuracy {accuracy:.4f}")
writer.close()

model.compile(optimizer="adam", loss=loss_of, metrics=["accuracy"])
callback = tf.keras.callbacks.TensorBoard(os.path.join(options.logdir, "by_fit"), histogram_freq=1)
model.fit(train, epochs=1, validation_data=(x_test, y_test), callbacks=[callback], verbose=2)
accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
for folder, _, files in sorted(os.walk(options.logdir)):
    print(*[os.path.join(folder, name) for name in files], sep="\n")
print(f"accuracy {accuracy:.4f}")
assert accuracy > 0.8
