"""Deep Q-learning in a corridor: a replay memory, a second network that is brought up to date now and then."""

import random
import sys

import numpy as np
import tensorflow as tf

EPISODES = int(sys.argv[1]) if len(sys.argv) > 1 else 300
LENGTH, LIMIT = 6, 30

random.seed(0)
tf.set_random_seed(0)


def network(states, scope):
    with tf.variable_scope(scope):
        return tf.layers.dense(tf.layers.dense(states, 16, tf.nn.relu), 2)


states = tf.placeholder(tf.float32, [None, LENGTH])
actions = tf.placeholder(tf.int32, [None])
targets = tf.placeholder(tf.float32, [None])
online, target = network(states, "online"), network(states, "target")
chosen = tf.reduce_sum(online * tf.one_hot(actions, 2), axis=1)
train = tf.train.AdamOptimizer(0.01).minimize(
    tf.losses.huber_loss(targets, chosen), var_list=tf.trainable_variables("online")
)
pairs = zip(tf.trainable_variables("target"), tf.trainable_variables("online"))
copy = tf.group(*[to.assign(from_) for to, from_ in pairs])
places = np.eye(LENGTH, dtype=np.float32)


def move(place, action):
    place = min(max(place + (1 if action else -1), 0), LENGTH - 1)
    return place, float(place == LENGTH - 1), place == LENGTH - 1


with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    memory, count = [], 0
    for episode in range(EPISODES):
        place, chance = 0, max(0.1, 1 - 2 * episode / EPISODES)
        for _ in range(LIMIT):
            greedy = int(np.argmax(sess.run(online, {states: places[[place]]})))
            action = random.randrange(2) if random.random() < chance else greedy
            after, reward, done = move(place, action)
            memory.append((place, action, reward, after, done))
            place, count = after, count + 1
            if len(memory) >= 32:
                was, did, gained, then, ended = map(np.array, zip(*random.sample(memory[-2000:], 32)))
                best = sess.run(target, {states: places[then]}).max(1)
                fed = {states: places[was], actions: did, targets: gained + 0.9 * best * (1 - ended)}
                sess.run(train, fed)
            if count % 50 == 0:
                sess.run(copy)
            if done:
                break
    print("values", sess.run(online, {states: places}).max(1).tolist())
    place, steps, done = 0, 0, False
    while not done and steps < LIMIT:
        place, _, done = move(place, int(np.argmax(sess.run(online, {states: places[[place]]}))))
        steps += 1
    print("steps", steps)
