locals {
  buckets = {
    input       = "${var.project_id}-${var.name}-input"
    work        = "${var.project_id}-${var.name}-work"
    predictions = "${var.project_id}-${var.name}-predictions"
    output      = "${var.project_id}-${var.name}-output"
  }

  # Every object that a row may point to: what Vertex is granted, and what the service lets through.
  media_buckets = toset(concat([local.buckets.input], tolist(var.media_buckets)))

  # Seconds. Eventarc's push subscriptions wait 600 at most for an acknowledgement, so a run must end before.
  run_seconds = 540
  ack_seconds = 600

  labels = { installation = var.name }
}
