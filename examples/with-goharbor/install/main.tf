# First of two configurations: it makes the registry. Nothing here needs a registry that answers.

provider "alicloud" {
  region = "cn-hangzhou"
}

provider "harbor" {
  owner = "harbor/install"
  ssh   = { private_key_path = "~/.ssh/id_ed25519" }
}

module "registry" {
  source = "../../modules/harbor-ha"

  name              = "registry"
  hostname          = var.hostname
  zones             = ["cn-hangzhou-h", "cn-hangzhou-i"]
  ssh_public_key    = var.ssh_public_key
  installer         = var.installer
  certificate       = var.certificate
  private_key       = var.private_key
  admin_password    = var.admin_password
  database_password = var.database_password
  redis_password    = var.redis_password
}

output "url" {
  description = "The registry; the second configuration reads it."
  value       = module.registry.url
}
