# Who acts: one account per function, one that delivers events, one that builds.

resource "google_service_account" "function" {
  for_each = local.functions

  project      = var.project_id
  account_id   = "${var.name}-${each.key}"
  display_name = "Batchdrop ${each.key}"
  description  = "Runs the function ${each.key}."

  depends_on = [google_project_service.this]
}

resource "google_service_account" "events" {
  project      = var.project_id
  account_id   = "${var.name}-events"
  display_name = "Batchdrop events"
  description  = "Delivers events to the functions."

  depends_on = [google_project_service.this]
}

resource "google_service_account" "build" {
  project      = var.project_id
  account_id   = "${var.name}-build"
  display_name = "Batchdrop build"
  description  = "Builds the functions' images."

  depends_on = [google_project_service.this]
}

locals {
  attached_accounts = merge(
    { for name, account in google_service_account.function : name => account.name },
    { build = google_service_account.build.name, events = google_service_account.events.name },
  )
}

# Whoever deploys must be allowed to attach these accounts: these, not all of the project.
resource "google_service_account_iam_member" "deploy" {
  for_each = var.deploy_account == null ? {} : local.attached_accounts

  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = "serviceAccount:${var.deploy_account}"
}
