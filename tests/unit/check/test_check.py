"""The command `batchdrop check`: what it says, and what it tells scripts."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from batchdrop.check import run
from batchdrop.check.cli import main
from tests.fakes.service import FakeService

PROMPT = "---\nmodel: gemini-3.5-flash-lite\nbatch.max_invalid: 0.05\n---\nDescribe {{name}} in one line.\n"
NATIVE = '{"request": {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}}\n'
SAMPLES = Path("infra/local/samples").resolve()
Check = Callable[..., tuple[int, str, str]]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    monkeypatch.chdir(tmp_path)
    for name in ("DEFAULT_MODEL", "VERTEX_LOCATION", "PRICES", "ALLOWED_MEDIA_BUCKETS", "BUDGETS_USD_PER_DAY"):
        monkeypatch.delenv(name, raising=False)

    def act(*arguments: str, **files: str | bytes) -> tuple[int, str, str]:
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        code = main(["check", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return act


def told(found: tuple[int, str, str]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(found[1])
    assert content["exit_code"] == found[0]
    return content


def csv(rows: int, bad: tuple[int, ...] = ()) -> str:
    return "id,name\n" + "".join(f"{row}\n" if row in bad else f"{row},Chair {row}\n" for row in range(rows))


def test_a_sound_file_runs_and_its_price_is_told(check: Check) -> None:
    code, out, _ = check("a.csv", a_dot_csv=csv(300), a_dot_prompt=PROMPT)
    assert code == 0
    assert "a.csv: csv, prompt a.prompt, model gemini-3.5-flash-lite" in out
    assert "rows      300, 0 of them invalid" in out
    assert "USD" in out
    assert '"text": "Describe Chair 0 in one line.' in out
    assert out.endswith("It would run, every row of it.\n")


def test_the_estimate_is_the_service_s_own(check: Check) -> None:
    here = told(check("a.csv", "--json", a_dot_csv=csv(300), a_dot_prompt=PROMPT))
    service = FakeService()
    service.drop("a.prompt", PROMPT)
    service.drop("a.csv", csv(300))
    service.run()
    there = service.manifest("a.csv")["estimate"]
    assert here["estimate"] == {key: there[key] for key in here["estimate"]}


def test_manifests_of_earlier_jobs_teach_what_the_service_has_learned(check: Check) -> None:
    service = FakeService()
    service.drop("a.prompt", PROMPT)
    service.drop("a.csv", csv(300))
    service.run()
    manifest = service.output("a.csv/manifest.json")
    service.drop("a.csv", csv(200))
    service.run()
    there = service.manifest("a.csv")["estimate"]
    files = {"a_dot_csv": csv(200), "a_dot_prompt": PROMPT, "m_dot_json": manifest}
    here = told(check("a.csv", "--json", "--manifest", "m.json", **files))["estimate"]
    assert here["learned_from_jobs"] == 1
    assert here == {key: there[key] for key in here}


@pytest.mark.parametrize("content", ["{", "{}", '{"job": "j", "tokens": {}}'])
def test_what_teaches_nothing_is_a_wrong_use(check: Check, content: str) -> None:
    code, _, err = check("a.csv", "--manifest", "m.json", a_dot_csv=csv(3), a_dot_prompt=PROMPT, m_dot_json=content)
    assert code == 2
    assert "m.json is" in err


@pytest.mark.parametrize(
    ("data", "code"),
    [("products/catalog.csv", 0), ("reviews/november.csv", 1), ("support/tickets.jsonl", 0), ("vision/mixed.jsonl", 1)],
)
def test_the_samples_come_out_as_in_the_demo(check: Check, data: str, code: int) -> None:
    expected = json.loads((SAMPLES / "expected.json").read_text())[data]
    found = told(check(str(SAMPLES / data), "--root", str(SAMPLES), "--model", "gemini-3.5-flash", "--json"))
    assert found["exit_code"] == code
    assert (found["rows"], found["invalid"]) == (expected["rows"], expected["errors"])


def test_invalid_rows_are_told_by_line_as_they_are_found(check: Check) -> None:
    code, out, _ = check("a.csv", a_dot_csv=csv(300, bad=(3, 150)), a_dot_prompt=PROMPT)
    assert code == 1
    assert [line.split(":")[0] for line in out.splitlines()[:2]] == ["line 5", "line 152"]
    assert "rows      300, 2 of them invalid" in out


def test_lines_are_those_of_the_whole_file_in_every_slice(check: Check) -> None:
    row = f'1,"two\nlines {"x" * 1000}"\n'
    many = run.SLICE_BYTES // len(row) + 10
    found = told(check("a.csv", "--json", a_dot_csv="id,name\n" + row * many + "bad\n" + row, a_dot_prompt=PROMPT))
    assert found["errors"][0]["line"] == 2 + 2 * many
    assert found["errors"][0]["row"] == many + 1
    assert found["rows"] == many + 2


def test_a_long_file_is_checked_by_several_processes_with_the_same_outcome(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SLICE_BYTES", 50_000)
    monkeypatch.setattr(run, "_ALONE_BYTES", 100_000)
    found = told(check("a.csv", "--json", a_dot_csv=csv(40_000, bad=(7, 39_000)), a_dot_prompt=PROMPT))
    assert (found["rows"], found["invalid"]) == (40_000, 2)
    assert [error["line"] for error in found["errors"]] == [9, 39_002]
    assert found["estimate"]["requests"] == 39_998


def test_too_many_invalid_rows_are_a_rejection(check: Check) -> None:
    code, out, _ = check("a.csv", a_dot_csv=csv(100, bad=tuple(range(20))), a_dot_prompt=PROMPT)
    assert code == 3
    assert "20 of 100 rows are invalid" in out
    assert out.endswith("It would be rejected.\n")


@pytest.mark.parametrize(("limit", "code"), [("0.001", 4), ("100", 0)])
def test_a_job_over_its_own_limit_exits_with_4_and_the_numbers(check: Check, limit: str, code: int) -> None:
    prompt = PROMPT.replace("batch.max_invalid", f"batch.max_cost_usd: {limit}\nbatch.max_invalid")
    found = told(check("a.csv", "--json", a_dot_csv=csv(300), a_dot_prompt=prompt))
    assert (found["exit_code"], found["max_cost_usd"]) == (code, limit)
    assert (found["reason"] or {}).get("code") == ("OVER_BUDGET" if code else None)


@pytest.mark.parametrize(("budgets", "code"), [("shop=0.001", 4), ("shop=100", 0), ("other=0.001", 0), ("/=0.001", 4)])
def test_budgets_of_folders_have_their_say(
    check: Check, monkeypatch: pytest.MonkeyPatch, budgets: str, code: int
) -> None:
    monkeypatch.setenv("BUDGETS_USD_PER_DAY", budgets)
    assert check("shop/a.csv", shop__a_dot_csv=csv(300), default_dot_prompt=PROMPT)[0] == code


def test_a_mistake_in_the_prompt_is_told_with_its_place(check: Check) -> None:
    code, out, _ = check("a.csv", a_dot_csv=csv(3), a_dot_prompt="---\nmodell: x\n---\n{{name}}\n")
    assert code == 3
    assert "a.prompt:2:1: modell is unknown." in out


def test_without_a_prompt_it_would_wait_and_says_where_it_looked(check: Check) -> None:
    code, out, _ = check("shop/a.csv", shop__a_dot_csv=csv(3))
    assert code == 3
    assert "shop/a.prompt, shop/default.prompt, default.prompt" in out


def test_another_prompt_can_be_named(check: Check) -> None:
    files = {"a_dot_csv": csv(3), "a_dot_prompt": "broken {{", "other__b_dot_prompt": PROMPT}
    found = told(check("a.csv", "--prompt", "other/b.prompt", "--json", **files))
    assert (found["exit_code"], found["prompt"]) == (0, "other/b.prompt")


@pytest.mark.parametrize("name", ["_a.csv", "a.png", "a.txt"])
def test_names_that_are_no_input_are_rejections(check: Check, name: str) -> None:
    Path(name).write_text("x")
    assert check(name)[0] == 3


def test_native_files_need_a_model_only(check: Check) -> None:
    assert check("a.jsonl", a_dot_jsonl=NATIVE * 2)[0] == 3
    found = told(check("a.jsonl", "--model", "gemini-2.5-flash", "--json"))
    assert (found["exit_code"], found["rows"], found["prompt"]) == (0, 2, None)
    assert found["sample_request"]["contents"][0]["parts"][0]["text"] == "hello"


def test_compressed_and_parquet_files_are_checked_too(check: Check, tmp_path: Path) -> None:
    packed = told(check("a.csv.gz", "--json", a_dot_csv_dot_gz=gzip.compress(csv(50).encode()), a_dot_prompt=PROMPT))
    table = pa.table({"id": list(range(50)), "name": [f"Chair {row}" for row in range(50)]})
    pq.write_table(table, tmp_path / "a.parquet")
    columns = told(check("a.parquet", "--json"))
    (tmp_path / "a.parquet.gz").write_bytes(gzip.compress((tmp_path / "a.parquet").read_bytes()))
    assert told(check("a.parquet.gz", "--json")) == columns | {"file": "a.parquet.gz"}
    assert (packed["rows"], columns["rows"]) == (50, 50)
    assert packed["estimate"]["input_tokens"] == columns["estimate"]["input_tokens"]


def test_prices_of_ones_own_are_used_from_the_root_or_by_name(check: Check) -> None:
    prices = '{"currency": "EUR", "models": {"gemini-3.5-flash-lite": {"standard": {"input": 100, "output": 100}}}}'
    files = {"a_dot_csv": csv(3), "a_dot_prompt": PROMPT, "mine_dot_json": prices}
    named = told(check("a.csv", "--prices", "mine.json", "--json", **files))
    Path("_prices.json").write_text(prices)
    found = told(check("a.csv", "--json"))
    assert named["estimate"]["cost"] == found["estimate"]["cost"]
    assert found["estimate"]["cost"]["currency"] == "EUR"


def test_an_unknown_model_has_no_price_but_a_warning(check: Check) -> None:
    found = told(check("a.jsonl", "--model", "gemini-9-ultra", "--json", a_dot_jsonl=NATIVE))
    assert (found["exit_code"], found["estimate"]["cost"]) == (0, None)
    assert "price of gemini-9-ultra is unknown" in found["warnings"][0]


@pytest.mark.parametrize("arguments", [("nothing.csv",), ("a.csv", "--prompt", "nothing.prompt")])
def test_a_file_that_is_not_there_is_a_wrong_use(check: Check, arguments: tuple[str, ...]) -> None:
    code, _, err = check(*arguments, a_dot_csv=csv(1))
    assert code == 2
    assert "is no file" in err


def test_a_wrong_use_exits_with_2(check: Check) -> None:
    with pytest.raises(SystemExit) as exits:
        check("--no-such-option")
    assert exits.value.code == 2
