import tensorflow as tf

# 创建一个常数张量
a = tf.constant(2.0)
b = tf.constant(3.0)

# 创建一个可训练的变量
c = tf.Variable(5.0)

# 创建加法操作
add_op = tf.add(a, b)

# 创建乘法操作
multiply_op = tf.multiply(a, b)

# 启动会话并执行操作
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print("Addition:", sess.run(add_op))
    print("Multiplication:", sess.run(multiply_op))
