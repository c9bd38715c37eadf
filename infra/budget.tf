# What the whole project may cost a month. It warns and stops nothing: budgets of jobs are the prompts' and the settings'.

data "google_project" "this" {
  for_each = toset(var.billing_budget[*].billing_account)

  project_id = var.project_id
}

resource "google_billing_budget" "this" {
  for_each = data.google_project.this

  billing_account = each.key
  display_name    = "Batchdrop ${var.name}"

  budget_filter {
    projects        = ["projects/${each.value.number}"]
    calendar_period = "MONTH"
  }

  amount {
    specified_amount {
      units = tostring(floor(var.billing_budget.amount))
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  # Billing administrators are told in any case.
  dynamic "all_updates_rule" {
    for_each = length(local.channels) > 0 ? [local.channels] : []
    content {
      monitoring_notification_channels = all_updates_rule.value
      disable_default_iam_recipients   = false
    }
  }
}
