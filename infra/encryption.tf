# With a key of one's own, the agents of Storage, Pub/Sub and Firestore must be allowed to use it.
# Batch prediction itself does not support such keys: see README, "Keys of your own".

locals {
  key_users = var.kms_key == null ? {} : {
    firestore = google_project_service_identity.agent["firestore"].member
    pubsub    = google_project_service_identity.agent["pubsub"].member
    storage   = data.google_storage_project_service_account.this.member
  }
}

resource "google_kms_crypto_key_iam_member" "agent" {
  for_each = local.key_users

  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value
}
