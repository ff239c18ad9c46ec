from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Dense

# Added: x and y are those of the document's first program.
import tensorflow as tf
x = tf.constant([[1, 2, 3], [4, 5, 6]])
y = tf.constant([[1, 2], [3, 4]])

# 创建一个简单的神经网络
model = Sequential([
    Dense(64, activation='relu', input_shape=(3,)),
    Dense(64, activation='relu'),
    Dense(2, activation='linear')
])

# 编译模型
model.compile(optimizer='adam', loss='mse')

# 训练模型
model.fit(x, y, epochs=1000)

# 使用模型进行预测
predictions = model.predict(x)
print(predictions.numpy())
