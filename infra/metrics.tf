# Log-based metrics of the lines that functions/batchdrop/domain/measures.py names. tests/infra compares the two.

locals {
  measures = {
    jobs = {
      description = "Jobs that ended, by state."
      events      = ["job.ended"]
      labels      = ["state"]
    }
    cost_usd = {
      description = "Cost of jobs at batch prices, as their manifests have it."
      events      = ["job.ended"]
      value       = "cost_usd"
      unit        = "{USD}"
      labels      = ["model", "prompt"]
    }
    rows = {
      description = "Rows of jobs that ended, by outcome: results, errors, not_asked."
      events      = ["rows.ended"]
      value       = "rows"
      labels      = ["outcome"]
    }
    rows_per_second = {
      description = "Speed of each shard staged and each batch collected."
      events      = ["shard.staged", "batch.collected"]
      value       = "rows_per_second"
      labels      = ["component"]
    }
    retried_rows = {
      description = "Rows that are asked again."
      events      = ["shard.collected"]
      value       = "retried"
    }
    oldest_turn_seconds = {
      description = "Age of the oldest open work of each function, each minute."
      events      = ["turn.oldest"]
      value       = "seconds"
      unit        = "s"
      labels      = ["function"]
    }
    running_batches = {
      description = "Batches that run at Vertex, each minute."
      events      = ["tick.done"]
      value       = "running_batches"
    }
    ticks = {
      description = "Ticks that came to their end."
      events      = ["tick.done"]
    }
    turns_sent_again = {
      description = "Turns whose event was lost, or whose run died."
      events      = ["turn.sent_again"]
    }
    failed_events = {
      description = "Deliveries that ended in an exception; each is delivered again."
      events      = ["event.failed"]
      labels      = ["component"]
    }
  }

  metric_names = { for measure in keys(local.measures) : measure => "${replace(var.name, "-", "_")}_${measure}" }

  metric_types = { for measure, name in local.metric_names : measure => "logging.googleapis.com/user/${name}" }

  function_names = [for name in keys(local.functions) : "\"${var.name}-${name}\""]
}

resource "google_logging_metric" "this" {
  for_each = local.measures

  project     = var.project_id
  name        = local.metric_names[each.key]
  description = each.value.description

  filter = join(" AND ", [
    "resource.type=\"cloud_run_revision\"",
    "resource.labels.service_name=(${join(" OR ", local.function_names)})",
    "jsonPayload.message=(${join(" OR ", [for event in each.value.events : "\"${event}\""])})",
  ])

  value_extractor  = try("EXTRACT(jsonPayload.${each.value.value})", null)
  label_extractors = { for label in try(each.value.labels, []) : label => "EXTRACT(jsonPayload.${label})" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = can(each.value.value) ? "DISTRIBUTION" : "INT64"
    unit        = try(each.value.unit, "1")

    dynamic "labels" {
      for_each = try(each.value.labels, [])
      content {
        key        = labels.value
        value_type = "STRING"
      }
    }
  }

  # From a hundredth to ten thousand million, in steps of a half.
  dynamic "bucket_options" {
    for_each = can(each.value.value) ? [1] : []
    content {
      exponential_buckets {
        num_finite_buckets = 68
        growth_factor      = 1.5
        scale              = 0.01
      }
    }
  }

  depends_on = [google_project_service.this]
}

# A policy on a metric that nobody knows yet is refused.
resource "time_sleep" "metrics" {
  create_duration = "60s"

  triggers = { metrics = join(",", sort(values(google_logging_metric.this)[*].name)) }
}
