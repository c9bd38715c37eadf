# What must be on before terraform can look at the project at all.

resource "google_project_service" "this" {
  for_each = toset(["cloudbuild", "cloudresourcemanager", "iam", "logging", "serviceusage", "storage"])

  project            = var.project_id
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}
