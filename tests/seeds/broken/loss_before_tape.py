import tensorflow as tf

# 创建一个简单的线性模型
x = tf.constant([[1, 2, 3], [4, 5, 6]])
y = tf.constant([[1, 2], [3, 4]])

# 定义模型
W = tf.Variable(tf.random.normal([3, 2]))
b = tf.Variable(tf.random.normal([2]))

# 计算预测值
y_pred = tf.matmul(x, W) + b

# 定义损失函数
loss = tf.reduce_mean(tf.square(y_pred - y))

# 定义优化器
optimizer = tf.optimizers.SGD(learning_rate=0.01)

# 训练模型
for i in range(1000):
    with tf.GradientTape() as tape:
        loss_value = loss
    gradients = tape.gradient(loss_value, [W, b])
    optimizer.apply_gradients(zip(gradients, [W, b]))

# 输出预测值
print(y_pred.numpy())
