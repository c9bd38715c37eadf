terraform {
  required_version = ">= 1.11, < 2"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 8"
    }
  }

  # State is kept beside this file: what it makes must be there before the state bucket is.
}

provider "google" {
  project = var.project_id
  region  = var.region
}
