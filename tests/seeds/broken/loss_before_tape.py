import tensorflow as tf

x = tf.constant([[1, 2, 3], [4, 5, 6]])
y = tf.constant([[1, 2], [3, 4]])
W = tf.Variable(tf.random.normal([3, 2]))
b = tf.Variable(tf.random.normal([2]))
y_pred = tf.matmul(x, W) + b
loss = tf.reduce_mean(tf.square(y_pred - y))
optimizer = tf.optimizers.SGD(learning_rate=0.01)
for i in range(1000):
    with tf.GradientTape() as tape:
        loss_value = loss
    gradients = tape.gradient(loss_value, [W, b])
    optimizer.apply_gradients(zip(gradients, [W, b]))
print(y_pred.numpy())
