# Second configuration: what is inside the registry. It is one of its own because goharbor's provider
# asks the registry's API while it plans, which nothing answers before the first one was applied.
# System settings belong to the first configuration: do not use harbor_config_system here too.

data "terraform_remote_state" "install" {
  backend = "local"
  config  = { path = "../install/terraform.tfstate" }
}

provider "harbor" {
  url      = data.terraform_remote_state.install.outputs.url
  username = "admin"
  password = var.admin_password
}

resource "harbor_project" "team" {
  name                   = "team"
  public                 = false
  vulnerability_scanning = false
}

resource "harbor_retention_policy" "team" {
  scope    = harbor_project.team.id
  schedule = "daily"

  rule {
    most_recently_pushed = 10
    repo_matching        = "**"
    tag_matching         = "**"
  }
}

resource "harbor_robot_account" "ci" {
  name        = "ci"
  description = "Pushes from continuous integration."
  level       = "project"

  # Without it Harbor makes the secret, and Terraform keeps it in the state.
  secret_wo         = var.robot_secret
  secret_wo_version = 1

  permissions {
    kind      = "project"
    namespace = harbor_project.team.name

    access {
      resource = "repository"
      action   = "push"
    }
    access {
      resource = "repository"
      action   = "pull"
    }
  }
}

output "robot" {
  description = "Name for docker login."
  value       = harbor_robot_account.ci.full_name
}
