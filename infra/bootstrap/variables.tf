variable "name" {
  description = "Name of the installation, as in the main configuration."
  type        = string
  default     = "batchdrop"
}

variable "project_id" {
  description = "Project that Batchdrop is installed into."
  type        = string
}

variable "region" {
  description = "Region of the state bucket and of the build triggers."
  type        = string
  default     = "europe-west1"
}

variable "environment" {
  description = "Name of the files in environments/ that the triggers deploy with."
  type        = string
  default     = "example"
}

variable "repository" {
  description = "Repository connected to Cloud Build: projects/P/locations/L/connections/C/repositories/R. Null: no triggers; deploy by hand."
  type        = string
  default     = null
}
