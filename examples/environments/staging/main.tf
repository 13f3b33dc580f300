# As small as it gets. Terraform runs in a network that is routed to the VPC.

provider "alicloud" {
  region = var.region
}

provider "harbor" {
  owner = "harbor/staging"
  ssh   = { private_key_path = var.ssh_private_key_path }
}

module "harbor" {
  source = "../../modules/harbor-ha"

  name              = "harbor-staging"
  hostname          = var.hostname
  zones             = var.zones
  ssh_public_key    = var.ssh_public_key
  ssh_sources       = var.ssh_sources
  installer         = var.installer
  certificate       = var.certificate
  private_key       = var.private_key
  admin_password    = var.admin_password
  database_password = var.database_password
  redis_password    = var.redis_password

  vpc_cidr       = "10.20.0.0/16"
  harbor_version = var.harbor_version
  database       = { version = var.postgresql_version }
  system_disk    = { size = 60 }
  storage        = { storage_type = "Capacity" }
  tags           = { environment = "staging" }
}

output "url" {
  description = "The registry."
  value       = module.harbor.url
}

output "nodes" {
  description = "The nodes."
  value       = module.harbor.nodes
}
