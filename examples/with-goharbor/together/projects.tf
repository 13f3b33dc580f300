# What is inside the registry: each block names goharbor's provider.

provider "goharbor" {
  url      = "https://${var.hostname}"
  username = "admin"
  password = var.admin_password
}

resource "harbor_project" "team" {
  provider = goharbor

  name       = "team"
  public     = false
  depends_on = [harbor_ha_node.node]
}

resource "harbor_robot_account" "ci" {
  provider = goharbor

  name              = "ci"
  description       = "Pulls in production."
  level             = "project"
  secret_wo         = var.robot_secret
  secret_wo_version = 1

  permissions {
    kind      = "project"
    namespace = harbor_project.team.name

    access {
      resource = "repository"
      action   = "pull"
    }
  }
}

variable "robot_secret" {
  description = "Secret of the robot account: 8 to 128 characters, with a capital, a small letter and a digit."
  type        = string
  sensitive   = true
  ephemeral   = true
}
