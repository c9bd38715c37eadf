"""How a row says that it cannot be sent."""

from batchdrop.domain.errors import BatchdropError
from batchdrop.rows.values import Problem, Stage


class RowProblem(BatchdropError):
    """This row cannot be sent. Record the problem and go on with the next row."""

    def __init__(self, problem: Problem) -> None:
        """Keep the problem whole; the text is only its code."""
        super().__init__(problem.code)
        self.problem = problem


def request_problem(code: str, message: str, hint: str, path: str = "") -> Problem:
    """Tell what is wrong with a request at a JSON path."""
    return Problem(stage=Stage.REQUEST, code=code, message=message, hint=hint, path=path)


def refusal(code: str, message: str, hint: str, path: str = "") -> RowProblem:
    """The same, to be raised."""
    return RowProblem(request_problem(code, message, hint, path))
