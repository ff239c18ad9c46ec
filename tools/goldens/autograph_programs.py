"""Functions whose control flow depends on tensors, run by TensorFlow and by Weft alike.

`tf` is set from outside. A program is called with each of its argument tuples, as plain values that become tensors.
"""

# ruff: noqa: E731, RET503, RET504  (how people write it)

from __future__ import annotations

from typing import Any

tf: Any = None

PROGRAMS: list[tuple[Any, list[tuple[Any, ...]]]] = []
REFUSED: list[tuple[Any, tuple[Any, ...]]] = []


def program(*cases: tuple[Any, ...]) -> Any:
    """Registers a function with the arguments that it is called with."""
    def register(function: Any) -> Any:
        PROGRAMS.append((function, list(cases)))
        return function

    return register


def refused(*arguments: Any) -> Any:
    """Registers a function that cannot be traced."""
    def register(function: Any) -> Any:
        REFUSED.append((function, arguments))
        return function

    return register


@program((1,), (-2,))
def branches(x):
    if x > 0:
        y = x * 2
    else:
        y = -x
    return y


@program((15,), (9,), (10,), (7,))
def chain(x):
    if x % 15 == 0:
        r = tf.constant(1.5)
    elif x % 3 == 0:
        r = tf.constant(2.5)
    elif x % 5 == 0:
        r = tf.constant(3.5)
    else:
        r = tf.cast(x, tf.float32)
    return r


@program((1, 2), (2, 1), (-1, 3), (-3, -1))
def nested(x, y):
    z = 0
    if x > 0:
        if y > x:
            z = y
        else:
            z = x * 10
            x = x - 1
    elif y > 0:
        z = -y
    return z, x


@program((3,), (-3,), (0,))
def early_return(x):
    if x > 0:
        return x * 2
    if x == 0:
        return x + 100
    x = x - 1
    return x


@program((4,), (5,), (-4,))
def return_in_both(x):
    if x > 0:
        if x % 2 == 0:
            return x // 2
        else:
            return 3 * x + 1
    else:
        return x


@program((27,), (1,))
def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


@program((10,), (3,), (0,))
def skipping(n):
    total = 0
    for i in tf.range(n):
        if i % 2 == 0:
            continue
        if i > 7:
            break
        total += i
    return total


@program((5,), (100,))
def forever(limit):
    x = tf.constant(1)
    while True:
        x = x * 2
        if x > limit:
            break
    return x


@program(([1.0, 2.0, 4.0, 8.0],), ([0.5],), ([-1.0, -2.0],))
def return_from_a_loop(xs):
    total = 0.0
    for x in xs:
        total += x
        if total > 5.0:
            return total * 100.0
    return total


@program((3, 4), (0, 2), (5, 1))
def loops_in_loops(n, m):
    found = 0
    for i in tf.range(n):
        for j in tf.range(m):
            if i == j:
                continue
            if i + j > 4:
                break
            found += i * 10 + j
        if found > 60:
            break
    return found


@program((6,), (7,), (25,))
def divisor(n):
    result = n
    for i in tf.range(2, n):
        if n % i == 0:
            result = i
            break
    else:
        result = -n
    return result


@program((6,), (2,))
def while_else(n):
    i = tf.constant(0)
    while i < n:
        i += 1
        if i == 4:
            break
    else:
        i = i + 100
    return i


@program((4, 3), (3, 4), (0, 0))
def logic(a, b):
    return (a > 3 and b > 2, a > 3 or b > 3, not a > b, (a > 1 and b > 1) or not (a == b), 0 < a < b < 10,
            a < b and 7 // b > 1)  # fmt: skip


@program(([1, 2, 3], 1), ([1, 2, 3], 5))
def lazy_and(xs, i):
    return i < tf.size(xs) and xs[tf.minimum(i, 2)] > 1


@program((3,), (-1,))
def expression(x):
    return (x if x > 0 else -x) + (1 if x > 1 else 2 if x > 0 else 3)


def _helper(x, scale=2):
    if x > 0:
        return x * scale
    return x


@program((3,), (-3,))
def calls(x):
    return _helper(x) + _helper(-x, scale=5) + _helper(*[x], scale=7)


@program((4,), (-4,))
def inner_functions(x):
    factor = 2

    def inner(y):
        if y > 0:
            return y * factor
        return y - factor

    factor = 3
    double = lambda v: v * 2 if v > 0 else v
    return inner(x) + double(x)


@program((4,), (-4,))
def changes_outer_name(x):
    count = 0

    def note(y):
        nonlocal count
        if y > 0:
            count += 1
        else:
            count -= 1

    note(x)
    note(x)
    return count


class _Base:
    def step(self, x):
        if x > 10:
            return x - 10
        return x


class _Derived(_Base):
    def __init__(self):
        self.__hidden = 5
        self.seen = 0

    def step(self, x):
        if x > 0:
            x = super().step(x) + self.__hidden
        return x

    def __call__(self, x):
        if x > 3:
            self.seen = self.seen + 1
        else:
            self.seen = self.seen + x
        return self.step(x) + self.seen


@program((20,), (2,), (-1,))
def methods(x):
    thing = _Derived()
    return thing(x) + thing.step(x) + thing.seen


@program((3,), (-3,))
def items(x):
    table = {"a": 1, "b": tf.constant(2)}
    if x > 0:
        table["a"] = x
        table["b"] = table["b"] * x
    else:
        table["a"] = 7
    return table["a"] + table["b"]


@program((5,))
def python_loop(n):
    total = n
    for i in [1, 2, 3]:
        if i == 2:
            continue
        total += i
    for name in ("a", "b"):
        total = total + len(name)
    return total


@program((4,), (100,))
def python_loop_that_a_tensor_ends(limit):
    total = tf.constant(0)
    for i in [1, 2, 3, 4]:
        total += i
        if total > limit:
            break
        total += 10
    return total


@program((3,))
def lists_in_python_loops(n):
    parts = []
    for i in range(3):
        parts.append(n * i)
    return tf.stack(parts)


@program(([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],))
def rows(matrix):
    total = tf.zeros([2])
    for row in matrix:
        if tf.reduce_sum(row) > 4.0:
            total += row
    return total


@program(([1, 2, 3, 4, 5],))
def datasets(xs):
    total = 0
    for batch in tf.data.Dataset.from_tensor_slices(xs).batch(2):
        total += tf.reduce_sum(batch) * tf.shape(batch)[0]
        if total > 12:
            break
    return total


@program(([1, 2, 3],))
def pairs_of_a_dataset(xs):
    total = 0
    for number, x in tf.data.Dataset.from_tensor_slices(xs).enumerate():
        total += tf.cast(number, tf.int32) * x
    return total


@program((3,))
def changing_shape(n):
    found = tf.zeros([0], tf.int32)
    for i in tf.range(n):
        tf.autograph.experimental.set_loop_options(shape_invariants=[(found, tf.TensorShape([None]))])
        found = tf.concat([found, [i, i]], 0)
    return found


@program((100,))
def bounded(n):
    i = tf.constant(0)
    while i < n:
        tf.autograph.experimental.set_loop_options(maximum_iterations=7)
        i += 1
    return i


@program((2.0, 4), (3.0, 0))
def gradient_of_a_loop(x, n):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x
        for _ in tf.range(n):
            if y < 20.0:
                y = y * x
            else:
                y = y + x
    return y, tape.gradient(y, x)


@program((3.0,), (-3.0,))
def gradient_of_a_branch(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        if x > 0:
            y = tf.sin(x)
        else:
            y = x * x
    return tape.gradient(y, x)


@program((3,), (-3,))
def tuples(x):
    pair = (x, {"k": x + 1})
    if x > 0:
        pair = (x * 2, {"k": x})
    a, rest = pair
    return a, rest["k"]


@program((10,))
def fibonacci(n):
    a, b = 0, 1
    for _ in tf.range(n):
        a, b = b, a + b
    return a


@program((48, 18))
def gcd(a, b):
    while b != 0:
        a, b = b, a % b
    return a


@program((3,), (-3,))
def with_block(x):
    with tf.name_scope("here"):
        if x > 0:
            return x
        x = x * x
    return x + 1


@program((3,), (-3,))
def try_block(x):
    try:
        if x > 0:
            y = x
        else:
            y = -x
    finally:
        z = 5
    return y + z


@program((3,), (0,))
def none_until_set(x):
    best = None
    if best is None:
        best = x
    if x is not None and not isinstance(x, str):
        best = best + 1
    return best


@program((3,))
def recursion(x, depth=3):
    if depth == 0:
        return x
    if x > 5:
        return recursion(x - 1, depth - 1)
    return recursion(x + 2, depth - 1)


@program((4,))
def walrus(n):
    found = 0
    while (twice := n * 2) > 3:
        found += twice
        n = n - 1
    return found, twice


@program(([3, 1, 2],))
def builtins(xs):
    total = 0
    for i in range(len(xs)):
        total += xs[i] * i
    for i in range(tf.size(xs)):
        total += i
    return total + int(total) + len(xs)


@program((5,))
def two_loops_one_name(n):
    i = 0
    total = 0
    while i < n:
        total += i
        i += 1
    i = n
    while i > 0:
        total -= 1
        i -= 2
    return total, i


@program((3,), (12,))
def local_to_the_loop(n):
    total = 0
    i = tf.constant(0)
    while i < n:
        here = i * i
        if here > 10:
            extra = here - 10
            total += extra
        i += 1
    return total


@program((3,))
def comprehension(x):
    scale = [k * 2 for k in range(3) if k != 1]
    return tf.add_n([_helper(x, s) for s in scale])


@program((3,), (-3,))
def mapped(x):
    return tf.map_fn(_helper, tf.stack([x, -x, x + 1]))


@program((4.0,), (100.0,))
def newton(x):
    guess = x / 2.0
    while tf.abs(guess * guess - x) > 1e-3:
        guess = (guess + x / guess) / 2.0
    return guess


@program(([5, 3, 9, 1],))
def bubble(xs):
    n = tf.size(xs)
    for i in tf.range(n):
        for j in tf.range(n - i - 1):
            if xs[j] > xs[j + 1]:
                xs = tf.tensor_scatter_nd_update(xs, [[j], [j + 1]], [xs[j + 1], xs[j]])
    return xs


@program((True, 3), (False, 3))
def a_tensor_that_is_bool(flag, x):
    if flag:
        return x
    return -x


@program((3,), (1,))
def none_before_the_loop(n):
    best = None
    for i in tf.range(n):
        if best is None:
            best = i + 10
        else:
            best = best * 2 + i
    return best


@program((3,))
def set_in_the_loop_only(n):
    for i in tf.range(n):
        x = i * 3
    return x


@program((4,), (1,))
def rows_written_in_a_loop(n):
    found = tf.TensorArray(tf.float32, size=n)
    for i in tf.range(n):
        found = found.write(i, tf.cast([i, i * i], tf.float32))
    return found.stack()


@program((7,), (1,))
def rows_that_some_turns_add(n):
    found = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
    for i in tf.range(n):
        if i % 2 == 0:
            found = found.write(found.size(), i)
    return found.stack(), found.size()


@program((2.0,))
def gradient_through_rows(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = tf.TensorArray(tf.float32, size=3)
        power = x
        for i in tf.range(3):
            power = power * x
            found = found.write(i, power)
        y = tf.reduce_sum(found.stack())
    return y, tape.gradient(y, x)


@program((3,))
def rows_in_while_loop(n):
    def turn(i, found):
        return i + 1, found.write(i, tf.cast(i, tf.float32))

    _, found = tf.while_loop(lambda i, _: i < n, turn, [0, tf.TensorArray(tf.float32, size=5)])
    return found.stack(), found.read(2), found.gather([0, 2])


@program(([[1.0, 2.0], [3.0, 4.0]],))
def rows_of_a_tensor(x):
    found = tf.TensorArray(tf.float32, size=2).unstack(x)
    other = tf.TensorArray(tf.float32, size=3).scatter([2, 0], x)
    return found.read(1), found.concat(), found.size(), other.stack()


@refused(1)
def set_in_one_branch(x):
    if x > 0:
        y = 1
    return y


@refused(1)
def returned_in_one_branch(x):
    if x > 0:
        return x


@refused(1)
def dtypes_differ(x):
    if x > 0:
        y = tf.constant(1.0)
    else:
        y = tf.constant(1)
    return y


@refused(3)
def loop_changes_dtype(n):
    x = 0
    for _ in tf.range(n):
        x = x + tf.constant(0.5)
    return x


@refused(3)
def loop_changes_shape(n):
    x = tf.zeros([1])
    for _ in tf.range(n):
        x = tf.concat([x, x], 0)
    return x


@refused([1, 2])
def vector_condition(xs):
    if xs > 0:
        return xs
    return -xs
