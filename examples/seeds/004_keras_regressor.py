from tensorflow import keras

# Define a sequential model
model = keras.Sequential([
   keras.layers.Dense(units=1, input_shape=[1])
])

# Compile the model
model.compile(optimizer=keras.optimizers.RMSpropOptimizer(0.001), loss='mean_squared_error')

# Train the model
model.fit(x=[1, 2, 3, 4], y=[1, 2, 3, 4], epochs=500)

# Use the model to make predictions
print(model.predict([10.0]))
