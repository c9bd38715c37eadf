# What accounts may do in the whole project. Rights on buckets: buckets_access.tf.

# The Vertex permissions that dispatch uses, and no others.
resource "google_project_iam_custom_role" "batches" {
  project     = var.project_id
  role_id     = "${replace(var.name, "-", "_")}_batches"
  title       = "Batchdrop batches"
  description = "Create, read, list and cancel batch prediction jobs."
  permissions = [
    "aiplatform.batchPredictionJobs.cancel",
    "aiplatform.batchPredictionJobs.create",
    "aiplatform.batchPredictionJobs.get",
    "aiplatform.batchPredictionJobs.list",
  ]

  depends_on = [google_project_service.this]
}

resource "google_project_iam_member" "function_vertex" {
  project = var.project_id
  role    = google_project_iam_custom_role.batches.id
  member  = google_service_account.function["dispatch"].member
}

resource "google_project_iam_member" "function_documents" {
  for_each = google_service_account.function

  project = var.project_id
  role    = "roles/datastore.user"
  member  = each.value.member

  condition {
    title       = "only-${var.name}"
    description = "Documents of this installation's database."
    expression  = "resource.name == \"projects/${var.project_id}/databases/${google_firestore_database.this.name}\""
  }
}

resource "google_project_iam_member" "events" {
  project = var.project_id
  role    = "roles/eventarc.eventReceiver"
  member  = google_service_account.events.member
}

resource "google_project_iam_member" "build" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

# Cloud Run functions copies what it builds into a bucket of its own first.
resource "google_project_iam_member" "build_sources" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.build.member

  condition {
    title       = "only-sources"
    description = "The bucket that functions are built from."
    expression  = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-\")"
  }
}

# Storage's agent publishes the events of buckets, Eventarc's makes and feeds the subscriptions.
resource "google_project_iam_member" "storage_agent" {
  project = var.project_id
  role    = "roles/pubsub.publisher"
  member  = data.google_storage_project_service_account.this.member
}

resource "google_project_iam_member" "eventarc_agent" {
  #checkov:skip=CKV_GCP_49:Google's agent with Google's role for it; Eventarc does nothing without.
  project = var.project_id
  role    = "roles/eventarc.serviceAgent"
  member  = google_project_service_identity.agent["eventarc"].member
}
