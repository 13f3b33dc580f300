# The shortest call. Terraform runs where the VPC is routed to.

provider "alicloud" {
  region = "cn-hangzhou"
}

provider "harbor" {
  ssh = { private_key_path = "~/.ssh/id_ed25519" }
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
}

output "url" {
  description = "The registry."
  value       = module.harbor.url
}
