output "deploy_account" {
  description = "For deploy_account in environments/*.tfvars."
  value       = google_service_account.deploy.email
}

output "state_bucket" {
  description = "For bucket in environments/*.gcs.tfbackend."
  value       = google_storage_bucket.state.name
}
