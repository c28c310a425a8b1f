"""What command lines share: errors of one line that say what may have been meant, and settings as KEY=VALUE."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from typing import Any, NoReturn

from benchmark.errors import UsageError, known


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line, with the nearest word that it knows; the epilog stays as written."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{'formatter_class': argparse.RawDescriptionHelpFormatter, **options})

    def error(self, message: str) -> NoReturn:
        """Raises instead of printing the usage."""
        raise UsageError(message)

    def parse_args(self, args: Sequence[str] | None = None,  # type: ignore[override]
                   namespace: argparse.Namespace | None = None) -> argparse.Namespace:
        """As argparse does, but says what an option that it does not know may have meant."""
        found, others = self.parse_known_args(args, namespace)
        if others:
            self.error(f'unrecognized arguments: {" ".join(others)}{self._meant(others, found)}')
        return found

    def _meant(self, words: Sequence[str], found: argparse.Namespace) -> str:
        """The option that is nearest to the first of some words that is like one."""
        parsers = [self]  # and that of the chosen subcommand
        for action in self._actions:
            if isinstance(action.choices, dict) and getattr(found, action.dest, None) in action.choices:
                parsers.append(action.choices[getattr(found, action.dest)])
        options = [option for parser in parsers for option in parser._option_string_actions]
        for word in words:
            if near := difflib.get_close_matches(word.partition('=')[0], options, n=1):
                return f': did you mean {near[0]!r}?'
        return ''

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Called by argparse with a value that may be none of an action's choices."""
        if action.choices is not None:
            kind = action.option_strings[-1] if action.option_strings else (action.metavar or action.dest).lower()
            known(kind, value, action.choices)


class Settings(argparse.Action):
    """``KEY=VALUE ...``, as mmengine's DictAction reads them, which is imported only if there are some."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{'nargs': '+', 'default': {}, 'metavar': 'KEY=VALUE', **options})

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:
        """Adds settings to those given before."""
        from mmengine.config import DictAction
        read = DictAction(self.option_strings, self.dest, nargs=self.nargs)
        try:
            read(parser, namespace, values, option_string)
        except (ValueError, AssertionError) as error:  # it splits without checking
            raise UsageError(f'{option_string} takes {self.metavar} ({error})') from None
