# What would be made with a connected repository. tests/infra reads this plan as JSON and asserts on it.

mock_provider "google" {}

variables {
  project_id = "acme-batch"
  repository = "projects/acme-batch/locations/europe-west1/connections/github/repositories/batchdrop"
}

override_resource {
  target          = google_service_account.deploy
  override_during = plan
  values = {
    id     = "deploy"
    member = "serviceAccount:deploy"
  }
}

override_resource {
  target          = google_service_account.review
  override_during = plan
  values = {
    id     = "review"
    member = "serviceAccount:review"
  }
}

run "with_repository" {
  command = plan
}
