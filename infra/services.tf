# The APIs, the agents that act for them, and the time that grants take to be seen everywhere.

locals {
  services = toset([
    "aiplatform",
    "artifactregistry",
    "billingbudgets",
    "cloudbuild",
    "cloudfunctions",
    "cloudresourcemanager",
    "cloudscheduler",
    "eventarc",
    "firestore",
    "iam",
    "logging",
    "monitoring",
    "pubsub",
    "run",
    "serviceusage",
    "storage",
  ])

  # Made early: what needs an agent that is still being made is refused.
  agents = toset(["aiplatform", "eventarc", "firestore", "pubsub"])
}

resource "google_project_service" "this" {
  for_each = local.services

  project            = var.project_id
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

resource "google_project_service_identity" "agent" {
  provider = google-beta
  for_each = local.agents

  project = var.project_id
  service = google_project_service.this[each.key].service
}

# Read while planning, so without a dependency; bootstrap/ has turned Storage on.
data "google_storage_project_service_account" "this" {
  project = var.project_id
}

# Grants are seen after two minutes as a rule (docs: iam/docs/access-change-propagation). Functions and triggers that are
# made sooner fail with "Permission denied while using the Eventarc Service Agent", or cannot be built.
resource "time_sleep" "grants" {
  create_duration = "120s"

  triggers = {
    accounts = join(",", sort([for account in google_service_account.function : account.email]))
    events   = google_service_account.events.email
    build    = google_service_account.build.email
    buckets  = sha256(jsonencode([local.function_bucket_grants, local.vertex_agent_grants]))
  }

  depends_on = [
    google_artifact_registry_repository_iam_member.build,
    google_kms_crypto_key_iam_member.agent,
    google_project_iam_member.build,
    google_project_iam_member.build_sources,
    google_project_iam_member.eventarc_agent,
    google_project_iam_member.events,
    google_project_iam_member.function_documents,
    google_project_iam_member.function_vertex,
    google_project_iam_member.storage_agent,
    google_service_account_iam_member.deploy,
    google_storage_bucket_iam_member.build,
    google_storage_bucket_iam_member.function,
    google_storage_bucket_iam_member.vertex_agent,
  ]
}
