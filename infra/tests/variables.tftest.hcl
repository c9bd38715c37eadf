# What is refused before anything is made.

mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "time" {}

variables {
  project_id = "acme-batch"
}

run "region" {
  command = plan

  variables {
    region = "eu"
  }

  expect_failures = [var.region]
}

run "vertex_location" {
  command = plan

  variables {
    vertex_location = "mars"
  }

  expect_failures = [var.vertex_location]
}

run "project_id" {
  command = plan

  variables {
    project_id = "Acme Batch"
  }

  expect_failures = [var.project_id]
}

run "name" {
  command = plan

  variables {
    name = "x"
  }

  expect_failures = [var.name]
}

run "droppers" {
  command = plan

  variables {
    droppers = ["allUsers"]
  }

  expect_failures = [var.droppers]
}

run "readers" {
  command = plan

  variables {
    readers = ["allAuthenticatedUsers"]
  }

  expect_failures = [var.readers]
}

run "max_running_batches" {
  command = plan

  variables {
    max_running_batches = 0
  }

  expect_failures = [var.max_running_batches]
}

run "retention_days" {
  command = plan

  variables {
    retention_days = { leftovers = 7 }
  }

  expect_failures = [var.retention_days]
}

run "kms_key" {
  command = plan

  variables {
    kms_key = "projects/p/locations/us-east1/keyRings/r/cryptoKeys/k"
  }

  expect_failures = [var.kms_key]
}
