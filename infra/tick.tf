# Each minute: find what stopped, and move it on.

resource "google_pubsub_topic" "tick" {
  project      = var.project_id
  name         = "${var.name}-tick"
  labels       = local.labels
  kms_key_name = var.kms_key

  # The next tick does what a lost one would have.
  message_retention_duration = "600s"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.agent]
}

resource "google_cloud_scheduler_job" "tick" {
  project     = var.project_id
  region      = var.region
  name        = "${var.name}-tick"
  description = "Wakes dispatch each minute."
  schedule    = "* * * * *"
  time_zone   = "Etc/UTC"

  pubsub_target {
    topic_name = google_pubsub_topic.tick.id
    data       = base64encode("tick")
  }

  depends_on = [google_project_service.this]
}
