# Who may do what in which bucket. tests/infra holds the functions' part against what the steps do.

locals {
  bucket_names = {
    input       = google_storage_bucket.input.name
    work        = google_storage_bucket.work.name
    predictions = google_storage_bucket.predictions.name
    output      = google_storage_bucket.output.name
  }

  # objectViewer reads and lists; objectUser writes, overwrites and deletes besides.
  function_buckets = {
    intake = {
      input = "roles/storage.objectViewer"
      work  = "roles/storage.objectUser"
    }
    stage = {
      input = "roles/storage.objectViewer"
      work  = "roles/storage.objectUser"
    }
    dispatch = {
      input       = "roles/storage.objectViewer"
      work        = "roles/storage.objectUser"
      predictions = "roles/storage.objectViewer"
    }
    collect = {
      input       = "roles/storage.objectViewer"
      work        = "roles/storage.objectUser"
      predictions = "roles/storage.objectViewer"
      output      = "roles/storage.objectUser"
    }
  }

  function_bucket_grants = merge([
    for function, buckets in local.function_buckets : {
      for bucket, role in buckets : "${function}/${bucket}" => { function = function, bucket = bucket, role = role }
    }
  ]...)

  # Vertex looks at the bucket before it reads or writes objects, which the object roles do not allow.
  vertex_agent_grants = merge(
    {
      "work/objects"        = { bucket = local.bucket_names.work, role = "roles/storage.objectViewer" }
      "work/bucket"         = { bucket = local.bucket_names.work, role = "roles/storage.legacyBucketReader" }
      "predictions/objects" = { bucket = local.bucket_names.predictions, role = "roles/storage.objectUser" }
      "predictions/bucket"  = { bucket = local.bucket_names.predictions, role = "roles/storage.legacyBucketReader" }
      "input/objects"       = { bucket = local.bucket_names.input, role = "roles/storage.objectViewer" }
    },
    { for bucket in var.media_buckets : "media/${bucket}" => { bucket = bucket, role = "roles/storage.objectViewer" } },
  )
}

resource "google_storage_bucket_iam_member" "function" {
  for_each = local.function_bucket_grants

  bucket = local.bucket_names[each.value.bucket]
  role   = each.value.role
  member = google_service_account.function[each.value.function].member
}

resource "google_storage_bucket_iam_member" "vertex_agent" {
  for_each = local.vertex_agent_grants

  bucket = each.value.bucket
  role   = each.value.role
  member = google_project_service_identity.agent["aiplatform"].member
}

# Replacing and deleting are part of the interface, so dropping takes more than creating.
resource "google_storage_bucket_iam_member" "dropper" {
  for_each = var.droppers

  bucket = google_storage_bucket.input.name
  role   = "roles/storage.objectUser"
  member = each.key
}

resource "google_storage_bucket_iam_member" "reader" {
  for_each = var.readers

  bucket = google_storage_bucket.output.name
  role   = "roles/storage.objectViewer"
  member = each.key
}
