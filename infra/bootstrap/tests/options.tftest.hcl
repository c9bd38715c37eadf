# Without a repository there is nothing to trigger.

mock_provider "google" {}

variables {
  project_id = "acme-batch"
}

run "by_hand" {
  command = plan

  assert {
    condition     = length(google_cloudbuild_trigger.main) == 0 && length(google_cloudbuild_trigger.pull_request) == 0
    error_message = "No triggers unless a repository is given."
  }
  assert {
    condition     = google_storage_bucket.state.versioning[0].enabled && google_storage_bucket.state.public_access_prevention == "enforced"
    error_message = "Every version of the state is kept, and none is public."
  }
}
