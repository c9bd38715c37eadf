# Who read and wrote which object and document, if asked for: it is billed by the line.

resource "google_project_iam_audit_config" "data" {
  for_each = toset(var.audit_data_access ? ["storage.googleapis.com", "datastore.googleapis.com"] : [])

  project = var.project_id
  service = each.key

  audit_log_config {
    log_type = "DATA_READ"
  }
  audit_log_config {
    log_type = "DATA_WRITE"
  }
}
