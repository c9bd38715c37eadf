"""What a hostile file, or a careless one, must not bring about."""

import json

from tests.fakes.service import FakeService


def pointing_to(uri: str) -> str:
    parts = [{"text": "Read this."}, {"fileData": {"fileUri": uri, "mimeType": "application/pdf"}}]
    return json.dumps({"request": {"contents": [{"role": "user", "parts": parts}]}}) + "\n"


def test_a_request_that_points_into_another_bucket_is_an_error_of_its_line_and_never_asked() -> None:
    service = FakeService()
    service.drop("a.jsonl", pointing_to("gs://input/x.pdf") + "\n" + pointing_to("gs://payroll/x.pdf"))
    service.run()
    (error,) = service.lines("a.jsonl", "errors")
    assert (error["line"], error["code"], error["stage"]) == (3, "MEDIA_BUCKET", "request")
    assert error["path"] == "request.contents[0].parts[1].fileData.fileUri"
    assert "ALLOWED_MEDIA_BUCKETS" in error["hint"]
    assert service.manifest("a.jsonl")["counts"]["results"] == 1


def test_a_column_that_points_into_another_bucket_is_an_error_of_its_line_and_never_asked() -> None:
    service = FakeService()
    service.drop("default.prompt", "---\nmodel: gemini-3.5-flash-lite\n---\n{{media url=file}}Say what it shows.")
    service.drop("a.csv", "id,file\n1,gs://input/x.png\n2,gs://payroll/x.png\n")
    service.run()
    (error,) = service.lines("a.csv", "errors")
    assert (error["line"], error["code"], error["stage"], error["path"]) == (3, "MEDIA_BUCKET", "render", "file")
    assert service.manifest("a.csv")["counts"]["results"] == 1
