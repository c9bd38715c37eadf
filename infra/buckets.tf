# The four buckets. A trigger selects a whole bucket, so nothing writes into the one that triggers it.

resource "google_storage_bucket" "input" {
  #checkov:skip=CKV_GCP_62:Who reads and writes what is in the audit logs, with audit_data_access; usage logs of buckets add nothing.
  project                     = var.project_id
  name                        = local.buckets.input
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  # Jobs read the generation they were planned with, even after it was replaced.
  versioning {
    enabled = true
  }

  lifecycle_rule {
    condition {
      days_since_noncurrent_time = var.retention_days.replaced_input
      with_state                 = "ARCHIVED"
    }
    action {
      type = "Delete"
    }
  }

  # Parts of parallel uploads that were broken off.
  lifecycle_rule {
    condition {
      age            = 7
      matches_prefix = ["gcloud/tmp/", "gsutil/tmp/"]
    }
    action {
      type = "Delete"
    }
  }

  lifecycle_rule {
    condition {
      age = 7
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.agent]
}

# Shards, request files and parts, on the way: finish deletes them, the lifecycle what a crash left.
resource "google_storage_bucket" "work" {
  #checkov:skip=CKV_GCP_62:Who reads and writes what is in the audit logs, with audit_data_access; usage logs of buckets add nothing.
  #checkov:skip=CKV_GCP_78:What is deleted here is deleted on purpose; every object is of one run and never replaced.
  project                     = var.project_id
  name                        = local.buckets.work
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  # What is deleted here is deleted on purpose, and every job writes its input's size several times.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    condition {
      age = var.retention_days.leftovers
    }
    action {
      type = "Delete"
    }
  }

  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.agent]
}

# Vertex writes answers here.
resource "google_storage_bucket" "predictions" {
  #checkov:skip=CKV_GCP_62:Who reads and writes what is in the audit logs, with audit_data_access; usage logs of buckets add nothing.
  #checkov:skip=CKV_GCP_78:What is deleted here is deleted on purpose; every object is of one run and never replaced.
  project                     = var.project_id
  name                        = local.buckets.predictions
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    condition {
      age = var.retention_days.leftovers
    }
    action {
      type = "Delete"
    }
  }

  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.agent]
}

# What people and systems read. Results are paid for: what is overwritten or deleted can be had back.
resource "google_storage_bucket" "output" {
  #checkov:skip=CKV_GCP_62:Who reads and writes what is in the audit logs, with audit_data_access; usage logs of buckets add nothing.
  project                     = var.project_id
  name                        = local.buckets.output
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 7 * 24 * 3600
  }

  lifecycle_rule {
    condition {
      days_since_noncurrent_time = var.retention_days.deleted_output
      with_state                 = "ARCHIVED"
    }
    action {
      type = "Delete"
    }
  }

  dynamic "lifecycle_rule" {
    for_each = var.retention_days.output[*]
    content {
      condition {
        age = lifecycle_rule.value
      }
      action {
        type = "Delete"
      }
    }
  }

  lifecycle_rule {
    condition {
      age = 7
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.agent]
}
