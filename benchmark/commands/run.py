"""Trains the requested methods for every K and writes the tables."""

from __future__ import annotations

import argparse

from benchmark.commands import terminal
from benchmark.commands.command import Command
from benchmark.commands.requests import add_arguments, request_of, run_options_of
from benchmark.errors import check_least

ABOUT = """examples:
  python benchmark/run.py --methods zs3,zsmmd --ks 2,4,6,8,10
  python benchmark/run.py --methods zs3 --ks 2 --seeds 0,1,2 --cfg-options classifier.unseen_weight=1
  python benchmark/run.py --methods mine --ks 2 --plugin path/to/mine.py
  python benchmark/run.py --methods all --ks 2,10 --dry-run
  python benchmark/run.py --dataset voc --data-root data --methods zs3 --ks 2
  python benchmark/run.py --dataset my.yaml --model mobilenetv2 --backbone-weights mobilenet_v2.pth
exit codes: 0 all requested cells are done or skipped with a reason, 1 some failed or are missing, 2 wrong call,
130 interrupted. A plugin and a config are code: run only those you trust."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    group = parser.add_argument_group('instead of that')
    group.add_argument('--dry-run', action='store_true', help='print the plan and stop')
    group.add_argument('--list', action='store_true',
                       help='print the methods and stop; all else there is: python -m benchmark list')
    group.add_argument('--verify', type=int, default=0, metavar='N',
                       help='run N random finished cells again, beside their artifacts, and compare; no report; exit '
                            "code 0 if all are identical or within their seeds' interval")


def _run(args: argparse.Namespace) -> int:
    check_least(args, {'verify': 0})
    request, console = request_of(args), terminal.console(100)
    if args.list:
        from benchmark.commands.listings import methods, show
        from benchmark.planning.methods import load_plugins

        load_plugins(request.plugins)
        show(*methods(request.protocol), terminal.console(160))
        return 0
    from benchmark.commands.execution import run_cells, show_plan
    from benchmark.launchers.sweep import check_options
    from benchmark.planning.cells import plan_cells

    options = run_options_of(args)
    check_options(request, options, args.reports)
    cells = plan_cells(request, options)
    if args.dry_run:
        show_plan(cells, options, console)
        return 0
    if args.verify:
        from benchmark.commands.rerun import verify
        return verify(args.verify, cells, options, console)
    return run_cells(cells, options, args.reports, console)


COMMAND = Command('run', 'Train methods for every K and write the tables to reports/local.', ABOUT, _arguments, _run,
                  program='run.py', call='python benchmark/run.py')
main = COMMAND.main
