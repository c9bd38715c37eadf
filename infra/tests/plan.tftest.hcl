# What would be made of few variables, with names instead of what only the cloud would tell.
# tests/infra reads this plan as JSON and asserts on it.

mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "time" {}

variables {
  project_id          = "acme-batch"
  default_model       = "gemini-3.5-flash-lite"
  budgets_usd_per_day = { "/" = 100, reviews = 12.5 }
}

override_resource {
  target          = google_service_account.function["intake"]
  override_during = plan
  values = {
    email  = "intake"
    member = "serviceAccount:intake"
  }
}

override_resource {
  target          = google_service_account.function["stage"]
  override_during = plan
  values = {
    email  = "stage"
    member = "serviceAccount:stage"
  }
}

override_resource {
  target          = google_service_account.function["dispatch"]
  override_during = plan
  values = {
    email  = "dispatch"
    member = "serviceAccount:dispatch"
  }
}

override_resource {
  target          = google_service_account.function["collect"]
  override_during = plan
  values = {
    email  = "collect"
    member = "serviceAccount:collect"
  }
}

override_resource {
  target          = google_service_account.events
  override_during = plan
  values = {
    email  = "events"
    member = "serviceAccount:events"
  }
}

override_resource {
  target          = google_service_account.build
  override_during = plan
  values = {
    email  = "build"
    member = "serviceAccount:build"
  }
}

override_resource {
  target          = google_project_service_identity.agent["aiplatform"]
  override_during = plan
  values = {
    member = "serviceAccount:aiplatform-agent"
  }
}

override_resource {
  target          = google_project_service_identity.agent["eventarc"]
  override_during = plan
  values = {
    member = "serviceAccount:eventarc-agent"
  }
}

override_resource {
  target          = google_project_service_identity.agent["firestore"]
  override_during = plan
  values = {
    member = "serviceAccount:firestore-agent"
  }
}

override_resource {
  target          = google_project_service_identity.agent["pubsub"]
  override_during = plan
  values = {
    member = "serviceAccount:pubsub-agent"
  }
}

override_data {
  target          = data.google_storage_project_service_account.this
  override_during = plan
  values = {
    member = "serviceAccount:storage-agent"
  }
}

override_resource {
  target          = google_project_iam_custom_role.batches
  override_during = plan
  values = {
    id = "projects/acme-batch/roles/batchdrop_batches"
  }
}

run "plan" {
  command = plan
}
