# The database, the indexes that the queries in functions/batchdrop/domain need, and what expires.
# tests/infra compares: each query has its index here, and no index is without its query.

resource "google_firestore_database" "this" {
  project                           = var.project_id
  name                              = var.name
  location_id                       = var.region
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "OPTIMISTIC"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = "DELETE"

  dynamic "cmek_config" {
    for_each = var.kms_key[*]
    content {
      kms_key_name = cmek_config.value
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.agent]
}

locals {
  # Fields that are asked for alone, and how. Every other field is exempt: an index entry is a write, a sequential one a
  # limit of 500 writes a second, and lots nest deep.
  queried_fields = {
    "batches/jobs"   = { collection = "batches", field = "jobs", array = true, scope = "COLLECTION" }
    "batches/state"  = { collection = "batches", field = "state", array = false, scope = "COLLECTION" }
    "items/due_at"   = { collection = "items", field = "due_at", array = false, scope = "COLLECTION_GROUP" }
    "items/job"      = { collection = "items", field = "job", array = false, scope = "COLLECTION" }
    "jobs/at_budget" = { collection = "jobs", field = "at_budget", array = false, scope = "COLLECTION" }
    "jobs/state"     = { collection = "jobs", field = "state", array = false, scope = "COLLECTION" }
    "shards/index"   = { collection = "shards", field = "index", array = false, scope = "COLLECTION" }
    "shards/state"   = { collection = "shards", field = "state", array = false, scope = "COLLECTION" }
  }

  # In the order of the index: equalities, then what is sorted by, then ranges.
  composite_indexes = {
    items-oldest = {
      collection = "items", scope = "COLLECTION", fields = [
        { path = "created_at", array = false },
        { path = "due_at", array = false },
      ]
    }
    jobs-waiting-for = {
      collection = "jobs", scope = "COLLECTION", fields = [
        { path = "searched", array = true },
        { path = "state", array = false },
      ]
    }
    shards-counted = {
      collection = "shards", scope = "COLLECTION", fields = [
        { path = "invalid", array = false },
        { path = "rows", array = false },
      ]
    }
    shards-waiting = {
      collection = "shards", scope = "COLLECTION_GROUP", fields = [
        { path = "waiting", array = false },
        { path = "due_at", array = false },
      ]
    }
    shards-waiting-in-lane = {
      collection = "shards", scope = "COLLECTION_GROUP", fields = [
        { path = "lane", array = false },
        { path = "waiting", array = false },
        { path = "rank", array = false },
        { path = "due_at", array = false },
      ]
    }
  }

  # Set when a job has ended, on it and on what belonged to it.
  expiring_collections = toset(["batches", "jobs", "shards"])

  collections = toset(["batches", "budgets", "items", "jobs", "lanes", "names", "prompts", "shards", "ticks"])
}

resource "google_firestore_index" "this" {
  for_each = local.composite_indexes

  project     = var.project_id
  database    = google_firestore_database.this.name
  collection  = each.value.collection
  query_scope = each.value.scope

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path   = fields.value.path
      order        = fields.value.array ? null : "ASCENDING"
      array_config = fields.value.array ? "CONTAINS" : null
    }
  }
}

resource "google_firestore_field" "exempt" {
  for_each = local.collections

  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = each.key
  field      = "*"

  index_config {}
}

resource "google_firestore_field" "queried" {
  for_each = local.queried_fields

  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = each.value.collection
  field      = each.value.field

  index_config {
    indexes {
      order        = each.value.array ? null : "ASCENDING"
      array_config = each.value.array ? "CONTAINS" : null
      query_scope  = each.value.scope
    }
  }

  depends_on = [google_firestore_field.exempt]
}

resource "google_firestore_field" "expiry" {
  for_each = local.expiring_collections

  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = each.key
  field      = "expire_at"

  index_config {}
  ttl_config {}

  depends_on = [google_firestore_field.exempt]
}
