# Which event goes to which function.

locals {
  object_events = {
    intake-finalized   = { function = "intake", bucket = local.bucket_names.input, change = "finalized" }
    intake-deleted     = { function = "intake", bucket = local.bucket_names.input, change = "deleted" }
    intake-archived    = { function = "intake", bucket = local.bucket_names.input, change = "archived" }
    dispatch-finalized = { function = "dispatch", bucket = local.bucket_names.predictions, change = "finalized" }
  }
}

# The location is the bucket's: a trigger elsewhere hears nothing.
resource "google_eventarc_trigger" "object" {
  for_each = local.object_events

  project         = var.project_id
  name            = "${var.name}-${each.key}"
  location        = var.region
  labels          = local.labels
  service_account = google_service_account.events.email

  matching_criteria {
    attribute = "type"
    value     = "google.cloud.storage.object.v1.${each.value.change}"
  }
  matching_criteria {
    attribute = "bucket"
    value     = each.value.bucket
  }

  destination {
    cloud_run_service {
      service = google_cloudfunctions2_function.this[each.value.function].name
      region  = var.region
    }
  }

  depends_on = [google_cloud_run_service_iam_member.events]
}

# Writing a turn is sending the event.
resource "google_eventarc_trigger" "turn" {
  for_each = local.functions

  project                 = var.project_id
  name                    = "${var.name}-${each.key}-turn"
  location                = google_firestore_database.this.location_id
  labels                  = local.labels
  service_account         = google_service_account.events.email
  event_data_content_type = "application/protobuf"

  matching_criteria {
    attribute = "type"
    value     = "google.cloud.firestore.document.v1.created"
  }
  matching_criteria {
    attribute = "database"
    value     = google_firestore_database.this.name
  }
  # Without the operator the path is taken literally, and the trigger never fires.
  matching_criteria {
    attribute = "document"
    value     = "turns/${each.key}/items/{turn}"
    operator  = "match-path-pattern"
  }

  destination {
    cloud_run_service {
      service = google_cloudfunctions2_function.this[each.key].name
      region  = var.region
    }
  }

  # A database that is made anew is another one to its triggers.
  lifecycle {
    replace_triggered_by = [google_firestore_database.this.uid]
  }

  depends_on = [google_cloud_run_service_iam_member.events]
}

resource "google_eventarc_trigger" "tick" {
  project         = var.project_id
  name            = "${var.name}-dispatch-tick"
  location        = var.region
  labels          = local.labels
  service_account = google_service_account.events.email

  matching_criteria {
    attribute = "type"
    value     = "google.cloud.pubsub.topic.v1.messagePublished"
  }

  transport {
    pubsub {
      topic = google_pubsub_topic.tick.id
    }
  }

  destination {
    cloud_run_service {
      service = google_cloudfunctions2_function.this["dispatch"].name
      region  = var.region
    }
  }

  depends_on = [google_cloud_run_service_iam_member.events]
}

locals {
  # Eventarc makes a subscription for each trigger. What Terraform cannot set on them, infra/deploy/subscriptions.py does.
  event_subscriptions = {
    for key, trigger in merge(
      google_eventarc_trigger.object,
      { for function, trigger in google_eventarc_trigger.turn : "${function}-turn" => trigger },
      { dispatch-tick = google_eventarc_trigger.tick },
    ) : key => try(trigger.transport[0].pubsub[0].subscription, "")
  }
}
