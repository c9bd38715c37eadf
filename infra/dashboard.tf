# What happens, at a glance.

locals {
  # Metric types as PromQL spells them.
  promql = { for measure, name in local.metric_names : measure => "logging_googleapis_com:user_${name}" }

  tiles = [
    {
      title = "Jobs that ended, by state, a day"
      query = "sum by (state) (increase(${local.promql.jobs}{monitored_resource=\"cloud_run_revision\"}[1d]))"
    },
    {
      title = "Rows that ended, by outcome, a day"
      query = "sum by (outcome) (increase(${local.promql.rows}_sum{monitored_resource=\"cloud_run_revision\"}[1d]))"
    },
    {
      title = "Cost in USD, a day, by prompt"
      query = "sum by (prompt) (increase(${local.promql.cost_usd}_sum{monitored_resource=\"cloud_run_revision\"}[1d]))"
    },
    {
      title = "Batches that run at Vertex"
      query = "sum(increase(${local.promql.running_batches}_sum{monitored_resource=\"cloud_run_revision\"}[5m])) / sum(increase(${local.promql.running_batches}_count{monitored_resource=\"cloud_run_revision\"}[5m]))"
    },
    {
      title = "Oldest open work in seconds, by function"
      query = "histogram_quantile(0.99, sum by (function, le) (increase(${local.promql.oldest_turn_seconds}_bucket{monitored_resource=\"cloud_run_revision\"}[5m])))"
    },
    {
      title = "Rows a second, by function"
      query = "histogram_quantile(0.5, sum by (component, le) (increase(${local.promql.rows_per_second}_bucket{monitored_resource=\"cloud_run_revision\"}[1h])))"
    },
    {
      title = "Rows asked again, an hour"
      query = "sum(increase(${local.promql.retried_rows}_sum{monitored_resource=\"cloud_run_revision\"}[1h]))"
    },
    {
      title = "Turns sent again, an hour"
      query = "sum(increase(${local.promql.turns_sent_again}{monitored_resource=\"cloud_run_revision\"}[1h]))"
    },
    {
      title = "Failed deliveries, by function, an hour"
      query = "sum by (component) (increase(${local.promql.failed_events}{monitored_resource=\"cloud_run_revision\"}[1h]))"
    },
    {
      title = "Ticks, an hour"
      query = "sum(increase(${local.promql.ticks}{monitored_resource=\"cloud_run_revision\"}[1h]))"
    },
  ]
}

resource "google_monitoring_dashboard" "this" {
  project        = var.project_id
  dashboard_json = templatefile("${path.module}/templates/dashboard.json.tftpl", { name = "Batchdrop ${var.name}", tiles = local.tiles })

  depends_on = [time_sleep.metrics]
}
