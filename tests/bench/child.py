"""One measurement in a process of its own: `python -m tests.bench.child '{"do": ...}'` prints one line of JSON."""

import sys
from pathlib import Path
from typing import Literal, assert_never

import msgspec

from tests.bench.cases import CASES, Case, Measured
from tests.bench.meter import Meter


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to do, for which case, on which files. `rival` is for "rival" alone."""

    do: Literal["prepare", "ours", "rival"]
    case: str
    data: str
    rows: int
    folder: str
    warm: str = ""
    native: str = ""
    rival: str = ""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: a measurement, nothing, or the reason why it cannot be."""

    measured: Measured | None = None
    refused: str = ""


def main() -> None:
    """Do one order."""
    order = msgspec.json.decode(sys.argv[1], type=Order)
    case = next(case for case in CASES if case.name == order.case)
    sys.stdout.write(msgspec.json.encode(_do(order, case)).decode() + "\n")


def _do(order: Order, case: Case) -> Reply:
    match order.do:
        case "prepare":
            return _prepare(order, case)
        case "ours":
            from tests.bench.ours import measure  # noqa: PLC0415  # rivals must not pay for our imports

            return Reply(measured=measure(case, Path(order.folder), Path(order.warm), order.rows))
        case "rival":
            return Reply(measured=_rival(order))
        case _:
            assert_never(order.do)


def _prepare(order: Order, case: Case) -> Reply:
    from tests.bench.ours import NotTaken, prepare  # noqa: PLC0415  # rivals must not pay for our imports

    try:
        prepare(case, Path(order.data), Path(order.folder))
    except NotTaken as reason:
        return Reply(refused=str(reason))
    return Reply()


def _rival(order: Order) -> Measured:
    from tests.bench.rivals import JOINS, RIVALS, Files  # noqa: PLC0415  # ours must not pay for their imports

    folder = Path(order.folder)
    answers: list[Path] = []
    if order.rival in JOINS:
        from tests.bench.ours import predictions  # noqa: PLC0415  # only joins read them

        answers = predictions(folder)
    data = Path(order.data)
    timed = RIVALS[order.rival](Files(data, Path(order.native), folder / "keyed.jsonl", answers, folder))
    meter = Meter()
    with meter.running(order.rival):
        rows = timed()
    for left in folder.glob("rival-*"):
        left.unlink()
    size = sum(path.stat().st_size for path in answers) or int(data.stat().st_size * rows / order.rows)
    return Measured(rows=rows, bytes=size, spent=meter.total())


if __name__ == "__main__":
    main()
