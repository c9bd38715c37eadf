# When a person is needed. What each means and what to do: README, "Alerts".

locals {
  # A turn is sent again after ten minutes and given up after eight starts, so after this there are a few left.
  # Collect waits half an hour for late answers.
  oldest_turn_bound_seconds = 3600

  channels = [for channel in google_monitoring_notification_channel.email : channel.id]
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  project      = var.project_id
  display_name = "Batchdrop ${var.name}: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }

  depends_on = [google_project_service.this]
}

resource "google_monitoring_alert_policy" "failed_job" {
  project               = var.project_id
  display_name          = "Batchdrop ${var.name}: a job failed"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = local.channels

  conditions {
    display_name = "A job ended FAILED"

    condition_threshold {
      filter          = "metric.type=\"${local.metric_types.jobs}\" AND resource.type=\"cloud_run_revision\" AND metric.labels.state=\"FAILED\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Vertex would not take a job's rows, or gave nothing back. The job's `manifest.json` in `${local.buckets.output}` has the reason and what to do. Mend that, then drop the file again, or only its `failed.*`."
  }

  depends_on = [time_sleep.metrics]
}

resource "google_monitoring_alert_policy" "dead_letters" {
  project               = var.project_id
  display_name          = "Batchdrop ${var.name}: dead letters"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels

  conditions {
    display_name = "An event was never taken"

    condition_threshold {
      filter          = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${google_pubsub_subscription.dead_letters.name}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = "A function refused the same event a hundred times. The tick has seen to the work it spoke of, so nothing is lost; the logs (`jsonPayload.message=\"event.failed\"`) tell why it was refused. Once that is mended, acknowledge the letters: `gcloud pubsub subscriptions seek ${google_pubsub_subscription.dead_letters.name} --time=$(date -u +%Y-%m-%dT%H:%M:%SZ)`."
  }
}

resource "google_monitoring_alert_policy" "old_work" {
  project               = var.project_id
  display_name          = "Batchdrop ${var.name}: work stands still"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = local.channels

  conditions {
    display_name = "A function's oldest work is older than ${local.oldest_turn_bound_seconds / 60} minutes"

    condition_threshold {
      filter          = "metric.type=\"${local.metric_types.oldest_turn_seconds}\" AND resource.type=\"cloud_run_revision\""
      comparison      = "COMPARISON_GT"
      threshold_value = local.oldest_turn_bound_seconds
      duration        = "300s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_PERCENTILE_50"
        cross_series_reducer = "REDUCE_MAX"
        group_by_fields      = ["metric.label.function"]
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = "A step does not come to its end. Look for `jsonPayload.message=\"event.failed\"` of that function; the document under `turns/` of that age names the job or batch. After eight starts it is given up, and its job is FAILED with that reason."
  }

  depends_on = [time_sleep.metrics]
}

resource "google_monitoring_alert_policy" "no_tick" {
  project               = var.project_id
  display_name          = "Batchdrop ${var.name}: no tick"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels

  conditions {
    display_name = "No tick came to its end for five minutes"

    condition_absent {
      filter   = "metric.type=\"${local.metric_types.ticks}\" AND resource.type=\"cloud_run_revision\""
      duration = "300s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Nothing is polled, submitted or sent again. Look whether the Scheduler job `${google_cloud_scheduler_job.tick.name}` runs, and for `jsonPayload.message=\"event.failed\"` of dispatch. What is open stays open and goes on with the next tick."
  }

  depends_on = [time_sleep.metrics]
}
