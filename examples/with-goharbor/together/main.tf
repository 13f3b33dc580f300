# Both providers in one configuration. The registry must run before goharbor's provider can plan: the first
# apply is `terraform apply -target=harbor_ha_node.node`. A configuration for each is easier: see the folders
# beside this one.

provider "harbor" {
  owner = "harbor/install"
  ssh   = { private_key_path = "~/.ssh/id_ed25519" }
}

resource "harbor_ha_node" "node" {
  for_each = var.hosts

  ssh            = { host = each.value }
  version        = "2.15.2"
  hostname       = var.hostname
  installer      = var.installer
  storage        = { shared = { nfs = var.nfs } }
  shared_secrets = "/etc/breakwater/secrets/harbor"

  https = {
    certificate            = var.certificate
    private_key_wo         = var.private_key
    private_key_wo_version = 1
  }

  admin_password_wo         = var.admin_password
  admin_password_wo_version = 1

  database = {
    host                = var.database_host
    password_wo         = var.database_password
    password_wo_version = 1
  }

  redis = {
    host                = var.redis_host
    password_wo         = var.redis_password
    password_wo_version = 1
  }
}

output "url" {
  description = "The registry."
  value       = harbor_ha_node.node["a"].url
}
