# Who deploys, and who looks at what a pull request would change.

resource "google_service_account" "deploy" {
  project      = var.project_id
  account_id   = "${var.name}-deploy"
  display_name = "Batchdrop deploy"
  description  = "Applies the configuration from the main branch."

  depends_on = [google_project_service.this]
}

resource "google_service_account" "review" {
  project      = var.project_id
  account_id   = "${var.name}-review"
  display_name = "Batchdrop review"
  description  = "Tests and plans pull requests. Their code runs with its rights, so it can write nothing and read no data."

  depends_on = [google_project_service.this]
}

locals {
  # One role for each kind of resource in the main configuration. It makes accounts and grants them roles, hence the
  # two that administer IAM: whoever writes to the main branch owns the project.
  deploy_roles = toset([
    "roles/artifactregistry.admin",
    "roles/cloudfunctions.admin",
    "roles/cloudscheduler.admin",
    "roles/datastore.owner",
    "roles/eventarc.admin",
    "roles/iam.roleAdmin",
    "roles/iam.serviceAccountAdmin",
    "roles/logging.configWriter",
    "roles/logging.logWriter",
    "roles/monitoring.editor",
    "roles/pubsub.admin",
    "roles/resourcemanager.projectIamAdmin",
    "roles/run.admin",
    "roles/serviceusage.serviceUsageAdmin",
    "roles/storage.admin",
  ])

  # To plan without a refresh it takes the state and a look at the project.
  review_roles = toset([
    "roles/browser",
    "roles/logging.logWriter",
    "roles/serviceusage.serviceUsageConsumer",
  ])
}

resource "google_project_iam_member" "deploy" {
  #checkov:skip=CKV_GCP_49:It makes the runtime accounts and lets itself attach them; whoever writes to main owns the project anyway.
  for_each = local.deploy_roles

  project = var.project_id
  role    = each.key
  member  = google_service_account.deploy.member
}

resource "google_project_iam_member" "review" {
  for_each = local.review_roles

  project = var.project_id
  role    = each.key
  member  = google_service_account.review.member
}

resource "google_storage_bucket_iam_member" "review" {
  bucket = google_storage_bucket.state.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.review.member
}
