# The four functions, of one source. Sizes are derived from `make bench`: see README, "Sizes".

locals {
  functions = {
    intake   = { memory = "1Gi", cpu = "1", concurrency = 1, max_instances = 10 }
    stage    = { memory = "1Gi", cpu = "1", concurrency = 1, max_instances = 20 }
    dispatch = { memory = "1Gi", cpu = "1", concurrency = 4, max_instances = 5 }
    collect  = { memory = "1Gi", cpu = "1", concurrency = 1, max_instances = 10 }
  }

  all_settings = {
    GOOGLE_CLOUD_PROJECT  = var.project_id
    INPUT_BUCKET          = local.bucket_names.input
    WORK_BUCKET           = local.bucket_names.work
    PREDICTIONS_BUCKET    = local.bucket_names.predictions
    OUTPUT_BUCKET         = local.bucket_names.output
    FIRESTORE_DATABASE    = google_firestore_database.this.name
    INSTALLATION          = var.name
    VERTEX_LOCATION       = var.vertex_location
    DEFAULT_MODEL         = var.default_model
    MAX_RUNNING_BATCHES   = tostring(var.max_running_batches)
    ALLOWED_MEDIA_BUCKETS = join(",", sort(local.media_buckets))
    RUN_SECONDS           = tostring(local.run_seconds)
    BUDGETS_USD_PER_DAY   = join(",", [for folder, amount in var.budgets_usd_per_day : "${folder}=${amount}"])
  }

  # What is left empty is left to the code.
  settings = { for name, value in local.all_settings : name => value if value != "" }

  # What the framework and the libraries around the code read.
  framework = {
    # Ends a request's thread with its time; else it would go on, and wake when nobody waits for it any more.
    THREADED_TIMEOUT_ENABLED  = "true"
    CLOUD_RUN_TIMEOUT_SECONDS = tostring(local.run_seconds)
    WORKERS                   = "1"
    # Else the client asks for each bucket's metadata, for traces that nobody collects, with a right it does not have.
    DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA = "true"
  }
}

resource "google_cloudfunctions2_function" "this" {
  for_each = local.functions

  project     = var.project_id
  name        = "${var.name}-${each.key}"
  location    = var.region
  description = "Batchdrop: ${each.key}."
  labels      = local.labels

  build_config {
    runtime           = "python313"
    entry_point       = each.key
    docker_repository = google_artifact_registry_repository.images.id
    service_account   = google_service_account.build.id

    source {
      storage_source {
        bucket = google_storage_bucket.source.name
        object = google_storage_bucket_object.source.name
      }
    }
  }

  service_config {
    available_memory                 = each.value.memory
    available_cpu                    = each.value.cpu
    timeout_seconds                  = local.run_seconds
    min_instance_count               = 0
    max_instance_count               = each.value.max_instances
    max_instance_request_concurrency = each.value.concurrency
    ingress_settings                 = "ALLOW_INTERNAL_ONLY"
    all_traffic_on_latest_revision   = true
    service_account_email            = google_service_account.function[each.key].email
    vpc_connector                    = var.vpc_connector
    vpc_connector_egress_settings    = var.vpc_connector == null ? null : "PRIVATE_RANGES_ONLY"

    # Two threads at least, because the framework's time limit is that of its threaded worker.
    environment_variables = merge(
      local.settings,
      local.framework,
      { THREADS = tostring(max(2, each.value.concurrency)) },
      var.settings,
    )
  }

  depends_on = [time_sleep.grants]
}

# Only the account that delivers events may call.
resource "google_cloud_run_service_iam_member" "events" {
  for_each = google_cloudfunctions2_function.this

  project  = var.project_id
  location = var.region
  service  = each.value.name
  role     = "roles/run.invoker"
  member   = google_service_account.events.member
}
