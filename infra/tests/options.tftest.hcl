# What each option changes, and that it is off unless asked for.

mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "time" {}

variables {
  project_id = "acme-batch"
}

run "safe_by_default" {
  command = plan

  assert {
    condition     = length(google_kms_crypto_key_iam_member.agent) == 0 && google_pubsub_topic.tick.kms_key_name == null && length(google_firestore_database.this.cmek_config) == 0
    error_message = "No key of one's own unless given."
  }
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : !contains(values(function.service_config[0].environment_variables), "")])
    error_message = "What is not said is left to the code, not said to be empty."
  }
  assert {
    condition     = length(google_billing_budget.this) == 0
    error_message = "No budget unless given."
  }
  assert {
    condition     = length(google_project_iam_audit_config.data) == 0
    error_message = "No access logs unless asked for."
  }
  assert {
    condition     = google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_ENABLED" && !google_storage_bucket.output.force_destroy && !google_storage_bucket.input.force_destroy
    error_message = "What holds data is protected."
  }
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].vpc_connector == null])
    error_message = "No connector unless given."
  }
  assert {
    condition     = google_storage_bucket.input.versioning[0].enabled && google_storage_bucket.output.versioning[0].enabled
    error_message = "Jobs read the generation they were planned with, and results can be had back."
  }
  assert {
    condition     = google_storage_bucket.work.soft_delete_policy[0].retention_duration_seconds == 0 && google_storage_bucket.predictions.soft_delete_policy[0].retention_duration_seconds == 0
    error_message = "What is on the way is not kept twice."
  }
  assert {
    condition     = !contains(flatten([for rule in google_storage_bucket.output.lifecycle_rule : [for condition in rule.condition : coalesce(condition.age, 0) > 0 if one(rule.action).type == "Delete"]]), true)
    error_message = "Results are kept for good unless told."
  }
  assert {
    condition     = alltrue([for rule in google_storage_bucket.input.lifecycle_rule : one(rule.condition).matches_prefix != null || coalesce(one(rule.condition).days_since_noncurrent_time, 0) > 0 || one(rule.action).type == "AbortIncompleteMultipartUpload"])
    error_message = "A lifecycle that archives live inputs would cancel their jobs."
  }
  assert {
    condition     = length(google_storage_bucket_iam_member.dropper) == 0 && length(google_storage_bucket_iam_member.reader) == 0 && length(google_service_account_iam_member.deploy) == 0
    error_message = "Nobody is let in unless named."
  }
}

run "people" {
  command = plan

  variables {
    droppers                 = ["group:in@example.com"]
    readers                  = ["group:out@example.com"]
    alert_emails             = ["oncall@example.com"]
    deploy_account           = "deploy@acme-batch.iam.gserviceaccount.com"
    notification_subscribers = { warehouse = "serviceAccount:warehouse@acme-data.iam.gserviceaccount.com" }
  }

  assert {
    condition     = google_storage_bucket_iam_member.dropper["group:in@example.com"].role == "roles/storage.objectUser" && google_storage_bucket_iam_member.dropper["group:in@example.com"].bucket == "acme-batch-batchdrop-input"
    error_message = "Droppers create, replace and delete in input."
  }
  assert {
    condition     = google_storage_bucket_iam_member.reader["group:out@example.com"].role == "roles/storage.objectViewer" && google_storage_bucket_iam_member.reader["group:out@example.com"].bucket == "acme-batch-batchdrop-output"
    error_message = "Readers read output."
  }
  assert {
    condition     = google_monitoring_notification_channel.email["oncall@example.com"].labels.email_address == "oncall@example.com"
    error_message = "Alerts go to the addresses given."
  }
  assert {
    condition     = keys(google_service_account_iam_member.deploy) == ["build", "collect", "dispatch", "events", "intake", "stage"] && alltrue([for grant in google_service_account_iam_member.deploy : grant.role == "roles/iam.serviceAccountUser"])
    error_message = "The deploy account attaches these accounts, and no others."
  }
  assert {
    condition     = google_pubsub_subscription.finished["warehouse"].expiration_policy[0].ttl == "" && google_pubsub_subscription_iam_member.finished["warehouse"].role == "roles/pubsub.subscriber"
    error_message = "A subscriber gets a subscription that stays, and may read it."
  }
}

run "key_of_one_s_own" {
  command = plan

  variables {
    kms_key = "projects/acme-keys/locations/europe-west1/keyRings/batch/cryptoKeys/data"
  }

  assert {
    condition = alltrue([
      for bucket in [google_storage_bucket.input, google_storage_bucket.work, google_storage_bucket.predictions, google_storage_bucket.output, google_storage_bucket.source] :
      bucket.encryption[0].default_kms_key_name == var.kms_key
    ])
    error_message = "Every bucket has the key."
  }
  assert {
    condition = alltrue([
      for topic in [google_pubsub_topic.tick, google_pubsub_topic.dead_letters, google_pubsub_topic.finished] : topic.kms_key_name == var.kms_key
    ])
    error_message = "Every topic has the key."
  }
  assert {
    condition     = google_firestore_database.this.cmek_config[0].kms_key_name == var.kms_key
    error_message = "The database has the key."
  }
  assert {
    condition     = keys(google_kms_crypto_key_iam_member.agent) == ["firestore", "pubsub", "storage"]
    error_message = "The agents that use the key are granted it."
  }
}

run "places_and_limits" {
  command = plan

  variables {
    region              = "us-central1"
    vertex_location     = "us"
    max_running_batches = 3
    media_buckets       = ["acme-pictures"]
    deletion_protection = false
    vpc_connector       = "projects/acme-batch/locations/us-central1/connectors/inside"
    retention_days      = { output = 90 }
    audit_data_access   = true
    settings            = { LIST_LAG_SECONDS = "90" }
  }

  assert {
    condition = alltrue([
      for function in google_cloudfunctions2_function.this : (
        function.location == "us-central1"
        && function.service_config[0].environment_variables.VERTEX_LOCATION == "us"
        && function.service_config[0].environment_variables.MAX_RUNNING_BATCHES == "3"
        && function.service_config[0].environment_variables.ALLOWED_MEDIA_BUCKETS == "acme-batch-batchdrop-input,acme-pictures"
        && function.service_config[0].environment_variables.LIST_LAG_SECONDS == "90"
        && function.service_config[0].vpc_connector == var.vpc_connector
      )
    ])
    error_message = "The functions are told."
  }
  assert {
    condition     = keys(google_project_iam_audit_config.data) == ["datastore.googleapis.com", "storage.googleapis.com"]
    error_message = "Accesses to data are logged."
  }
  assert {
    condition     = google_storage_bucket_iam_member.vertex_agent["media/acme-pictures"].role == "roles/storage.objectViewer"
    error_message = "Vertex may read what rows may point to."
  }
  assert {
    condition     = google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_DISABLED" && google_storage_bucket.output.force_destroy
    error_message = "Without protection everything can be torn down."
  }
  assert {
    condition     = contains([for rule in google_storage_bucket.output.lifecycle_rule : one(rule.condition).age], 90)
    error_message = "Results go after the days given."
  }
}

run "budget" {
  command = plan

  variables {
    billing_budget = { billing_account = "000000-000000-000000", amount = 500 }
  }

  assert {
    condition     = one(values(google_billing_budget.this)).amount[0].specified_amount[0].units == "500"
    error_message = "The budget is the amount given."
  }
}
