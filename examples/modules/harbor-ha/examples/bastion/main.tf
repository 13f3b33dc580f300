# Nodes without a public address, reached through a bastion that the same apply makes.

provider "alicloud" {
  region = "cn-hangzhou"
}

provider "harbor" {
  boot_timeout = "10m"
  ssh = {
    private_key_path = "~/.ssh/id_ed25519"
    bastions         = module.harbor.bastions
  }
}

module "harbor" {
  source = "../.."

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

  access                   = "bastion"
  ssh_sources              = var.ssh_sources
  bastion_host_key         = var.bastion_host_key
  bastion_host_private_key = var.bastion_host_private_key
}

output "url" {
  description = "The registry."
  value       = module.harbor.url
}
