"""Every use in conformance/uses gives what the original gave, or says why not."""

from pathlib import Path

import pytest

from conformance import goldens, ours, store, worker
from conformance.__main__ import unexpected
from conformance.comparing import compare
from conformance.coverage import Coverage, Standing
from conformance.uses import DIALECTS, ROOT, Use, chains, files, lacking, read, read_all

GROUPS = [(dialect, file.stem) for dialect in DIALECTS for file in files(dialect)]


@pytest.mark.parametrize("dialect, file", GROUPS, ids=lambda part: part)
def test_as_the_original(dialect, file):
    if library := lacking(ROOT / dialect / f"{file}.txt"):
        pytest.skip(f"{library} is not installed")
    uses = [use for use in read_all(dialect) if use.file == file]
    stored = store.load(dialect, file)
    given = ours.run(uses)
    complaints = []
    for use, found in zip(uses, given):
        expected = stored.get(use.key)
        problem = "it has no stored answer" if expected is None else compare(use, expected, found)
        if problem is None and use.refused != ("raised" in expected):
            problem = f"the original {'accepts it' if use.refused else 'raises ' + str(expected)[:200]}"
        if line := unexpected(use, problem):
            complaints.append(f"{use.file}.txt:{use.line} {use.text.splitlines()[-1]}\n    {line}")
    assert not complaints, "\n".join(complaints)
    assert set(stored) == {use.key for use in uses}, "stored answers of uses that are gone: record again"


def _read(tmp_path, text):
    file = tmp_path / "some.txt"
    file.write_text(text)
    return read("tf2", file)


def test_marks_notes_and_lines(tmp_path):
    uses = _read(tmp_path, """\
# a remark
tf.add(a, b)  # within 1e-3
~ tf.random.normal([2])
! tf.add(a,
         v)
@ mine = tf.constant(1)
def f(x):
    return x

f(mine)  # no gradients
tf.foo(a)  # differs: as docs/architecture.md says
for _ in range(2):
    y = a

y
tf.reshape(a, [-1])[0]  # not a note
""")  # fmt: skip
    texts = [use.text.split("\n")[0] for use in uses]
    assert texts == ["tf.add(a, b)", "tf.random.normal([2])", "tf.add(a,", "def f(x):", "tf.foo(a)",
                     "for _ in range(2):", "tf.reshape(a, [-1])[0]  # not a note"]  # fmt: skip
    assert uses[0].within == 1e-3 and uses[0].gradients
    assert uses[1].random and uses[2].refused and not uses[3].gradients
    assert uses[4].differs == "as docs/architecture.md says"
    assert "mine" in uses[3].setup and "mine" not in uses[0].setup


def test_uses_without_values_agree_in_kind_unless_they_say_why(tmp_path):
    uses = _read(tmp_path, """\
~ tf.random.normal([2])
~ tf.random.uniform([2])
tf.random.uniform([2], seed=1)
~ tf.timestamp()  # no values: the time has gone on
""")
    coverage = Coverage("tf2", uses, dict.fromkeys(uses))
    assert coverage.standing("tf.random.normal") is Standing.IN_KIND
    assert coverage.standing("tf.random.uniform") is Standing.AGREES
    assert coverage.standing("tf.timestamp") is Standing.AGREES and uses[3].text == "tf.timestamp()"


def test_names_in_a_use():
    found = chains("tf.keras.layers.Dense(3)(tf.ones([2])).shape")
    assert found == {"tf.keras.layers.Dense", "tf.keras.layers", "tf.keras", "tf.ones"}


@pytest.mark.parametrize("one, other, complaint", [
    ("np.float32([1, 2])", "np.float32([1, 2.00001])", None),
    ("np.float32([1, 2])", "np.float32([1, 2.001])", "differ by 0.001"),
    ("np.float32([1, np.nan])", "np.float32([1, np.nan])", None),
    ("np.float32([1, 2])", "np.float64([1, 2])", "dtype float64 instead of float32"),
    ("np.ones([2])", "np.ones([1, 2])", "shape [1, 2] instead of [2]"),
    ("[1, (2,)]", "[1, (3,)]", "[1] [0] 3 instead of 2"),
    ("{'a': 1}", "{'b': 1}", "parts ['b'] instead of ['a']"),
    ("np.array(['a'])", "np.array(['b'])", "values"),
    ("1/0", "[][0]", "raises IndexError instead of ZeroDivisionError"),
    ("1/0", "1", "accepted"),
    ("1", "1/0", "raises ZeroDivisionError"),
])  # fmt: skip
def test_what_counts_as_a_difference(one, other, complaint):
    uses = [Use("tf2", "some", 1, text, "") for text in (one, other)]
    expected, found = worker.run_file([use.request() for use in uses], "weft")
    problem = compare(uses[0], expected, found)
    assert (problem is None) if complaint is None else complaint in problem


def test_every_golden_file_that_counts_is_read_by_a_test():
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (Path(__file__).parents[1] / "keras").rglob("*.py"))
    assert all(f'"{Path(file).stem}"' in tests or f'"{file}"' in tests for file in goldens.FILES)
    found = goldens.compared("keras")
    assert found["keras.ops.matmul"] > 5 and {"keras.layers.Dense", "keras.losses.Huber", "keras.metrics.AUC",
                                              "keras.optimizers.Adam", "keras.initializers.HeNormal"} <= set(found)


def test_every_name_of_tensorflow_2_is_there_or_refused_with_a_reason():
    coverage = Coverage("tf2", [], {})
    missing = [name for name in store.names("tf2") if coverage.standing(name) is Standing.MISSING]
    assert not missing
