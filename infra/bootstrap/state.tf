# Where the main configuration keeps its state. Every version of it is kept for a while.

resource "google_storage_bucket" "state" {
  #checkov:skip=CKV_GCP_62:State holds no data and no secret, and whoever changes it is in the admin activity log.
  project                     = var.project_id
  name                        = "${var.project_id}-${var.name}-state"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }

  lifecycle_rule {
    condition {
      num_newer_versions = 20
      with_state         = "ARCHIVED"
    }
    action {
      type = "Delete"
    }
  }

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_project_service.this]
}
