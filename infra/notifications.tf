# For whoever goes on with the results: a message for each object that is finished in the output bucket.
# Of a job's files the manifest comes last, so wait for objectId = <input name>/manifest.json and read what it names.

resource "google_pubsub_topic" "finished" {
  project      = var.project_id
  name         = "${var.name}-finished"
  labels       = local.labels
  kms_key_name = var.kms_key

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.agent]
}

resource "google_storage_notification" "finished" {
  bucket         = google_storage_bucket.output.name
  topic          = google_pubsub_topic.finished.id
  payload_format = "JSON_API_V1"
  event_types    = ["OBJECT_FINALIZE"]

  depends_on = [time_sleep.grants]
}

resource "google_pubsub_subscription" "finished" {
  for_each = var.notification_subscribers

  project                    = var.project_id
  name                       = "${var.name}-finished-${each.key}"
  topic                      = google_pubsub_topic.finished.id
  labels                     = local.labels
  ack_deadline_seconds       = 60
  message_retention_duration = "${7 * 24 * 3600}s"

  # Else it would go after a month in which nothing was finished.
  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_subscription_iam_member" "finished" {
  for_each = var.notification_subscribers

  project      = var.project_id
  subscription = google_pubsub_subscription.finished[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = each.value
}
