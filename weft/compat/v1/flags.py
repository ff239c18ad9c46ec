"""`tf.flags`: settings that a program declares and a command line gives: `--rate=0.1 --verbose --nocache`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from weft.base.errors import explain, nearest


class Error(Exception):
    """What is wrong with flags."""


class IllegalFlagValueError(Error):
    """A value that a flag does not take."""


class UnrecognizedFlagError(Error):
    """A flag that was not declared."""


class DuplicateFlagError(Error):
    """A flag that was declared before."""


class UnparsedFlagAccessError(Error):
    """A flag that was read before the command line."""


class Flag:
    """One setting.

    Attributes:
        name: Its name.
        value: Its present value.
        default: The value that it has where nothing is said.
        help: What it is for.
        present: Whether the command line gave it.
    """

    def __init__(self, name: str, default: Any, help: str, parse: Callable[[str], Any], boolean: bool = False,
                 several: bool = False) -> None:  # fmt: skip
        self.name, self.help, self.boolean, self.several = name, help, boolean, several
        self._parse = parse
        self.default = self.value = self._converted(default)
        self.present = False
        self.required = False
        self.checks: list[tuple[Callable[[Any], bool], str]] = []

    def _converted(self, value: Any) -> Any:
        if value is None:
            return None
        if self.several:
            return [self.read(item) for item in ([value] if isinstance(value, str) else value)]
        return self.read(value) if isinstance(value, str) or not self.boolean else bool(value)

    def read(self, text: Any) -> Any:
        """The value of a text.

        Raises:
            IllegalFlagValueError: Where it stands for none.
        """
        try:
            return self._parse(text)
        except (TypeError, ValueError) as error:
            raise IllegalFlagValueError(f"flag --{self.name}={text}: {error}") from None

    def give(self, text: Any) -> None:
        """Takes what the command line says."""
        value = self.read(text)
        self.value = [*(self.value if self.present else []), value] if self.several else value
        self.present = True

    def check(self) -> None:
        """Raises IllegalFlagValueError where its value is not allowed."""
        if self.required and self.value is None:
            raise IllegalFlagValueError(f"flag --{self.name}={self.value}: Flag --{self.name} must have a value other "
                                        "than None.")  # fmt: skip
        for allowed, message in self.checks:
            if not allowed(self.value):
                raise IllegalFlagValueError(f"flag --{self.name}={self.value}: {message}")


def _boolean(text: Any) -> bool:
    found = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}.get(str(text).lower())
    if found is None:
        raise ValueError(f"Non-boolean argument to boolean flag: {text!r}")
    return found


def _integer(text: Any) -> int:
    if isinstance(text, str):
        return int(text, 0) if text.lower().lstrip("+-").startswith(("0x", "0o", "0b")) else int(text, 10)
    if isinstance(text, bool) or int(text) != text:
        raise TypeError(f"Expect argument to be an integer, received {text!r}")
    return int(text)


def _list(text: Any) -> list[str]:
    if isinstance(text, (list, tuple)):
        return [str(item) for item in text]
    return [item.strip() for item in text.split(",")] if text else []


def _words(text: Any) -> list[str]:
    """A text's words: blanks part them, commas do not."""
    return text.split() if isinstance(text, str) else _list(text)


class FlagValues:
    """All declared flags; each is an attribute. The command line is read at the first use, or by `tf.app.run`."""

    def __init__(self) -> None:
        self.__dict__["_flags"] = self.__dict__["__flags"] = {}  # programs list the flags by the second name
        self.__dict__["_parsed"] = False

    def __call__(self, argv: Sequence[str], known_only: bool = False) -> list[str]:
        """Reads a command line.

        Args:
            argv: The program and its arguments.
            known_only: Whether flags that were not declared are passed over.

        Returns:
            What is no flag, the program first.

        Raises:
            Error: For flags that were not declared, and values that they do not take.
        """
        self.__dict__["_parsed"] = True
        rest, waiting = [*argv[:1]], list(argv[1:])
        while waiting:
            word = waiting.pop(0)
            if word == "--":
                return self._checked([*rest, *waiting])
            if not word.startswith("-") or word == "-":
                rest.append(word)
                continue
            name, equals, text = word.lstrip("-").partition("=")
            if not self._take(name, text if equals else None, waiting):
                if not known_only:
                    raise UnrecognizedFlagError(f"Unknown command line flag '{name}'. {nearest(name, self._flags)}")
                rest.append(word)
        return self._checked(rest)

    def _take(self, name: str, text: str | None, waiting: list[str]) -> bool:
        flag = self._flags.get(name)
        if flag is None and name.startswith("no"):
            flag = self._flags.get(name[2:])
            if flag is not None and flag.boolean and text is None:
                flag.give("false")
                return True
            return False
        if flag is None:
            return False
        if text is None and flag.boolean:
            text = "true"
        if text is None:
            if not waiting:
                raise Error(f"Missing value for flag --{name}")
            text = waiting.pop(0)
        flag.give(text)
        return True

    def _checked(self, rest: list[str]) -> list[str]:
        for flag in self._flags.values():
            flag.check()
        return rest

    def _read_command_line(self) -> None:
        if not self._parsed:
            try:
                self(sys.argv)
            except Error as error:
                self.__dict__["_parsed"] = False
                raise UnparsedFlagAccessError(
                    explain(f"The flags are used before the command line could be read: {error}",
                            hint="start the program with tf.app.run()")  # fmt: skip
                ) from None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self._flags:
            raise AttributeError(f"There is no flag --{name}. {nearest(name, self._flags)}")
        self._read_command_line()
        return self._flags[name].value

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._flags:
            raise AttributeError(f"There is no flag --{name}. {nearest(name, self._flags)}")
        flag = self._flags[name]
        flag.value, flag.present = value, True

    def __delattr__(self, name: str) -> None:
        if name not in self._flags:
            raise AttributeError(f"There is no flag --{name}.")
        del self._flags[name]

    def __getitem__(self, name: str) -> Flag:
        found: Flag = self._flags[name]
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._flags

    def __iter__(self) -> Iterator[str]:
        return iter(self._flags)

    def __len__(self) -> int:
        return len(self._flags)

    def __dir__(self) -> list[str]:
        return sorted(self._flags)

    def _parse_flags(self, args: Sequence[str] | None = None) -> list[str]:
        """As a call, on `sys.argv`; an older name."""
        return self(sys.argv if args is None else args)

    def is_parsed(self) -> bool:
        """Whether a command line has been read."""
        return bool(self._parsed)

    def mark_as_parsed(self) -> None:
        """Lets flags have their defaults, without a command line."""
        self.__dict__["_parsed"] = True

    def unparse_flags(self) -> None:
        """The command line is read again at the next use."""
        self.__dict__["_parsed"] = False

    def set_default(self, name: str, value: Any) -> None:
        """Changes a flag's default."""
        flag = self._flags[name]
        flag.default = flag._converted(value)
        if not flag.present:
            flag.value = flag.default

    def flag_values_dict(self) -> dict[str, Any]:
        """All values, by name."""
        return {name: flag.value for name, flag in self._flags.items()}

    def get_flag_value(self, name: str, default: Any) -> Any:
        """The value of a flag; `default` where it is not declared or None."""
        value = getattr(self, name, None)
        return default if value is None else value

    def get_help(self, prefix: str = "") -> str:
        """What the flags are for, in lines."""
        lines = [f"{prefix}--{name}: {flag.help}\n{prefix}  (default: {flag.default!r})"
                 for name, flag in sorted(self._flags.items())]  # fmt: skip
        return "\n".join(lines)

    main_module_help = get_help

    def append_flag_values(self, flag_values: FlagValues) -> None:
        """Takes over the flags of another table."""
        self._flags.update(flag_values._flags)

    def remove_flag_values(self, flag_values: FlagValues) -> None:
        """Gives the flags of another table up."""
        for name in flag_values:
            self._flags.pop(name, None)


FLAGS = FlagValues()


def _define(flag: Flag, flag_values: FlagValues) -> None:
    known = flag_values._flags.get(flag.name)
    if known is not None and (known.default, known.help) != (flag.default, flag.help):
        raise DuplicateFlagError(f"The flag '{flag.name}' is defined twice.")
    if known is None:
        flag_values._flags[flag.name] = flag


def _kind(parse: Callable[[Any], Any], boolean: bool = False, several: bool = False) -> Callable[..., None]:
    def define(name: str, default: Any = None, help: str = "", flag_values: FlagValues = FLAGS, *args: Any,
               **kwargs: Any) -> None:  # fmt: skip
        given = kwargs.pop("default_value", default)
        reading = _bounded(parse, kwargs.get("lower_bound"), kwargs.get("upper_bound"))
        flag = Flag(name, given, kwargs.pop("docstring", help) or "", reading, boolean, several)
        flag.required = bool(kwargs.get("required"))
        _define(flag, kwargs.get("flag_values", flag_values))

    return define


def _bounded(parse: Callable[[Any], Any], low: Any, high: Any) -> Callable[[Any], Any]:
    """Reads values, and refuses those below and above."""
    if low is None and high is None:
        return parse

    def read(text: Any) -> Any:
        value = parse(text)
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = f"at least {low}" if high is None else f"at most {high}" if low is None else f"in [{low}, {high}]"
            raise ValueError(f"{value} is not {bounds}")
        return value

    return read


DEFINE_string = _kind(str)
DEFINE_integer = _kind(_integer)
DEFINE_float = _kind(float)
DEFINE_bool = DEFINE_boolean = _kind(_boolean, boolean=True)
DEFINE_list = _kind(_list)
DEFINE_spaceseplist = _kind(_words)
DEFINE_multi_string = _kind(str, several=True)
DEFINE_multi_integer = _kind(_integer, several=True)
DEFINE_multi_float = _kind(float, several=True)


def DEFINE_enum(name: str, default: Any, enum_values: Sequence[str], help: str = "", flag_values: FlagValues = FLAGS,
                **kwargs: Any) -> None:  # fmt: skip
    """Declares a flag that takes one of these texts."""

    def parse(text: str) -> str:
        if text not in enum_values:
            raise ValueError(f"value should be one of <{'|'.join(enum_values)}>")
        return text

    _define(Flag(name, default, help, parse), flag_values)


def DEFINE_alias(name: str, original_name: str, flag_values: FlagValues = FLAGS, **kwargs: Any) -> None:
    """Declares another name of a flag."""
    flag_values._flags[name] = flag_values[original_name]


def mark_flag_as_required(flag_name: str, flag_values: FlagValues = FLAGS) -> None:
    """Refuses command lines on which a flag has no value."""
    flag_values[flag_name].required = True


def mark_flags_as_required(flag_names: Sequence[str], flag_values: FlagValues = FLAGS) -> None:
    """Refuses command lines on which one of these flags has no value."""
    for name in flag_names:
        mark_flag_as_required(name, flag_values)


def register_validator(flag_name: str, checker: Callable[[Any], bool], message: str = "Flag validation failed",
                       flag_values: FlagValues = FLAGS) -> None:  # fmt: skip
    """Refuses values that a function says False to."""
    flag_values[flag_name].checks.append((checker, message))


def validator(flag_name: str, message: str = "Flag validation failed", flag_values: FlagValues = FLAGS) -> Any:
    """As `register_validator`, in front of the function."""

    def decorate(checker: Callable[[Any], bool]) -> Callable[[Any], bool]:
        register_validator(flag_name, checker, message, flag_values)
        return checker

    return decorate


def adopt_module_key_flags(module: Any, flag_values: FlagValues = FLAGS) -> None:
    """Accepted: all flags are listed together."""


declare_key_flag = adopt_module_key_flags


