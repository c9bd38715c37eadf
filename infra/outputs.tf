output "buckets" {
  description = "Names of the buckets by purpose."
  value       = local.bucket_names
}

output "dead_letter_topic" {
  description = "Where events go that were never taken."
  value       = google_pubsub_topic.dead_letters.id
}

output "event_subscriptions" {
  description = "Eventarc's subscriptions, by trigger, with what they are to be set to after each apply."
  value = {
    for trigger, subscription in local.event_subscriptions : trigger => {
      subscription          = subscription
      ack_deadline_seconds  = local.ack_seconds
      dead_letter_topic     = google_pubsub_topic.dead_letters.id
      max_delivery_attempts = 100
      retention_seconds     = 7 * 24 * 3600
    }
  }
}

output "finished_topic" {
  description = "Told of each object in the output bucket."
  value       = google_pubsub_topic.finished.id
}

output "functions" {
  description = "Addresses of the functions, which answer nobody but Eventarc."
  value       = { for name, function in google_cloudfunctions2_function.this : name => function.url }
}
