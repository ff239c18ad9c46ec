from keras.models import Sequential
from keras.layers import Dense

# Added: the document leaves its data open. Ten classes told apart by which tenth of the inputs is large.
import numpy as np
from keras.utils import to_categorical
rng = np.random.default_rng(0)
labels = rng.integers(0, 10, 1200)
x = rng.normal(size=(1200, 100)).astype("float32")
x[np.arange(1200)[:, None], labels[:, None] * 10 + np.arange(10)] += 1.5
y = to_categorical(labels, 10)
x_train, y_train, x_test, y_test = x[:1000], y[:1000], x[1000:], y[1000:]

# 创建一个序列模型
model = Sequential()

# 添加一层全连接层
model.add(Dense(units=64, activation='relu', input_dim=100))

# 添加一层输出层
model.add(Dense(units=10, activation='softmax'))

# 编译模型
model.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])

# 训练模型
model.fit(x_train, y_train, batch_size=32, epochs=10)

# 评估模型
loss, accuracy = model.evaluate(x_test, y_test)
print("Loss:", loss)
print("Accuracy:", accuracy)
