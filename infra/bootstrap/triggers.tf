# What builds when: main is deployed, pull requests are tested and planned.

resource "google_cloudbuild_trigger" "main" {
  for_each = toset(var.repository[*])

  project         = var.project_id
  location        = var.region
  name            = "${var.name}-deploy"
  description     = "Test, plan and apply the main branch."
  filename        = "cloudbuild.yaml"
  service_account = google_service_account.deploy.id

  repository_event_config {
    repository = each.key

    push {
      branch = "^main$"
    }
  }

  substitutions = local.substitutions
}

resource "google_cloudbuild_trigger" "pull_request" {
  for_each = toset(var.repository[*])

  project         = var.project_id
  location        = var.region
  name            = "${var.name}-review"
  description     = "Test and plan a pull request."
  filename        = "cloudbuild-pull-request.yaml"
  service_account = google_service_account.review.id

  repository_event_config {
    repository = each.key

    # Strangers' code runs only after somebody of the project has looked at it.
    pull_request {
      branch          = "^main$"
      comment_control = "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"
    }
  }

  substitutions = local.substitutions
}

locals {
  substitutions = {
    _ENVIRONMENT = var.environment
  }
}
