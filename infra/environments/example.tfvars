# Copy to <environment>.tfvars, and the file beside it to <environment>.gcs.tfbackend; all variables: ../variables.tf.
project_id = "acme-batch"
region     = "europe-west1"

# What bootstrap/ printed. Leave it out where a person applies.
deploy_account = "batchdrop-deploy@acme-batch.iam.gserviceaccount.com"

# Where Gemini runs. global promises no residency.
vertex_location = "global"
default_model   = "gemini-3.5-flash-lite"

droppers     = ["group:data@example.com"]
readers      = ["group:data@example.com"]
alert_emails = ["data-oncall@example.com"]
