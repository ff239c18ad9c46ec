import tensorflow as tf

# Define a constant node
node1 = tf.constant('Hello World!', dtype=tf.string)

# Define a print node
print_node = tf.print(node1)

# Run the computation graph
with tf.Session() as session:
   session.run(print_node)
