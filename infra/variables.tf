variable "alert_emails" {
  description = "Addresses that alerts and the budget's warnings go to."
  type        = set(string)
  default     = []
}

variable "audit_data_access" {
  description = "Log every access to objects and documents. Billed by volume."
  type        = bool
  default     = false
}

variable "billing_budget" {
  description = "Monthly budget of the project, in the billing account's currency; warns at half, at nine tenths and at the whole. None unless given."
  type = object({
    billing_account = string
    amount          = number
  })
  default = null
}

variable "budgets_usd_per_day" {
  description = "US dollars that the jobs below a folder of the input bucket may cost a day (UTC), by folder; \"/\" is the whole bucket."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for amount in values(var.budgets_usd_per_day) : amount > 0])
    error_message = "A budget must be more than nothing; to stop everything, take droppers' rights away."
  }
}

variable "default_model" {
  description = "Model of prompts, and of Vertex files, that name none. Empty: they must name one."
  type        = string
  default     = ""
}

variable "deletion_protection" {
  description = "Keep the database, and buckets that hold objects, from being destroyed. Turn it off, and apply, before tearing down."
  type        = bool
  default     = true
}

variable "deploy_account" {
  description = "Email of the service account that applies this configuration, from bootstrap/. Null where a person does."
  type        = string
  default     = null
}

variable "droppers" {
  description = "IAM members, such as group:data@example.com, that drop, replace and delete files."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.droppers : !contains(["allUsers", "allAuthenticatedUsers"], member)])
    error_message = "Whoever drops files spends money: name people, groups or service accounts, not everybody."
  }
}

variable "kms_key" {
  description = "Cloud KMS key, in the region, for buckets, topics and the database: projects/P/locations/L/keyRings/R/cryptoKeys/K. Null: Google's own keys. The database's key cannot be changed later, and Firestore must have allowed the project to use one."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null ? true : can(regex("^projects/[^/]+/locations/${var.region}/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key must be projects/P/locations/L/keyRings/R/cryptoKeys/K, where L is the region of the buckets and the database."
  }
}

variable "max_running_batches" {
  description = "Vertex jobs that run at once, of each model."
  type        = number
  default     = 8

  validation {
    condition     = var.max_running_batches >= 1 && floor(var.max_running_batches) == var.max_running_batches
    error_message = "max_running_batches must be a whole number, at least 1."
  }
}

variable "media_buckets" {
  description = "Names of further buckets that rows may point to with gs:// URIs. Vertex is granted reading them."
  type        = set(string)
  default     = []
}

variable "name" {
  description = "Name of this installation: part of every resource's name, and the label of its Vertex jobs."
  type        = string
  default     = "batchdrop"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,18}[a-z0-9]$", var.name))
    error_message = "name must be 4 to 20 lowercase letters, digits and hyphens: account ids made of it may have 30 characters."
  }
}

variable "notification_subscribers" {
  description = "Who is told of finished output: pull subscriptions by name, and the IAM member that reads each."
  type        = map(string)
  default     = {}
}

variable "project_id" {
  description = "Project to install into, one for Batchdrop alone: Vertex's agent can read every bucket of its project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be a project's id, not its name or number."
  }
}

variable "readers" {
  description = "IAM members that read results."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.readers : !contains(["allUsers", "allAuthenticatedUsers"], member)])
    error_message = "Results are not public: name people, groups or service accounts."
  }
}

variable "region" {
  description = "Region of buckets, database and functions. Cannot be changed later."
  type        = string
  default     = "europe-west1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a single region such as europe-west1: a storage trigger stands where its bucket does."
  }
}

variable "retention_days" {
  description = "Days that things are kept: replaced or deleted inputs, what a crash left in work and predictions, results (null: for good), deleted results, old images."
  type = object({
    replaced_input  = optional(number, 30)
    leftovers       = optional(number, 30)
    output          = optional(number)
    deleted_output  = optional(number, 30)
    container_image = optional(number, 30)
  })
  default = {}

  validation {
    condition     = min(var.retention_days.replaced_input, var.retention_days.leftovers) >= 21
    error_message = "replaced_input and leftovers must be at least 21: a job may wait seven days for approval, and Vertex takes up to four for each attempt."
  }
}

variable "settings" {
  description = "Further settings of the functions by environment variable, as in the README; these win."
  type        = map(string)
  default     = {}
}

variable "vertex_location" {
  description = "Where Gemini runs: global, us, eu or a region. global promises no residency; Gemini 3 is hardly served from single regions."
  type        = string
  default     = "global"

  validation {
    condition     = can(regex("^(global|us|eu|[a-z]+-[a-z]+[0-9]+)$", var.vertex_location))
    error_message = "vertex_location must be global, us, eu or a region."
  }
}

variable "vpc_connector" {
  description = "Serverless VPC Access connector that the functions reach private addresses through: projects/P/locations/L/connectors/C. Null: none."
  type        = string
  default     = null
}
