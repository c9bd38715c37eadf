# One archive for all functions: what lies in functions/, without caches, and the pinned lock beside it.

locals {
  repository = "${path.module}/.."

  source_files = merge(
    {
      for file in fileset("${local.repository}/functions", "**") : file => "${local.repository}/functions/${file}"
      if !can(regex("(^|/)(__pycache__|\\.[^/]*)(/|$)", file))
    },
    { "requirements.txt" = "${local.repository}/requirements.txt" },
  )

  # Of contents and names only, so that it is the same on every machine, and a change of code is a change of object.
  source_hash = sha256(jsonencode({ for name, file in local.source_files : name => filesha256(file) }))
}

data "archive_file" "source" {
  type             = "zip"
  output_path      = "${path.root}/.terraform/${var.name}-source.zip"
  output_file_mode = "0644"

  dynamic "source" {
    for_each = local.source_files
    content {
      filename = source.key
      content  = file(source.value)
    }
  }
}

resource "google_storage_bucket" "source" {
  #checkov:skip=CKV_GCP_62:Who reads and writes what is in the audit logs, with audit_data_access; usage logs of buckets add nothing.
  project                     = var.project_id
  name                        = "${var.project_id}-${var.name}-source"
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  lifecycle_rule {
    condition {
      days_since_noncurrent_time = 30
      with_state                 = "ARCHIVED"
    }
    action {
      type = "Delete"
    }
  }

  versioning {
    enabled = true
  }

  dynamic "encryption" {
    for_each = var.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.agent]
}

resource "google_storage_bucket_object" "source" {
  bucket = google_storage_bucket.source.name
  name   = "functions/${local.source_hash}.zip"
  source = data.archive_file.source.output_path
}

resource "google_storage_bucket_iam_member" "build" {
  bucket = google_storage_bucket.source.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.build.member
}

resource "google_artifact_registry_repository" "images" {
  #checkov:skip=CKV_GCP_84:Images hold published code and no data; kms_key is for data.
  project       = var.project_id
  location      = var.region
  repository_id = var.name
  description   = "Images of Batchdrop's functions."
  format        = "DOCKER"
  labels        = local.labels

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "${var.retention_days.container_image * 24 * 3600}s"
    }
  }

  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = 5
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_artifact_registry_repository_iam_member" "build" {
  project    = var.project_id
  location   = var.region
  repository = google_artifact_registry_repository.images.repository_id
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}
