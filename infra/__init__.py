"""Where the service runs: Google Cloud (Terraform), and one machine (`local`)."""
