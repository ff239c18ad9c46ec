import tensorflow as tf
from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Dense

x = tf.constant([[1, 2, 3], [4, 5, 6]])
model = Sequential([Dense(2, activation='linear', input_shape=(3,))])
predictions = model.predict(x)
print(predictions.numpy())
