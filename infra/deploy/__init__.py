"""What follows an apply. Standard library and gcloud only: it runs where nothing of the service is installed."""
