# Nodes that the internet does not reach, behind a bastion, with larger machines than staging's, a
# Redis in two zones and protection against deletion.

provider "alicloud" {
  region = var.region
}

# The bastion's address is known only when it exists, in this very apply; its host key is known before.
provider "harbor" {
  owner        = "harbor/production"
  boot_timeout = "10m"

  ssh = {
    private_key_path = var.ssh_private_key_path
    bastions         = module.harbor.bastions
  }
}

module "harbor" {
  source = "../../modules/harbor-ha"

  name              = "harbor-production"
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

  access                   = "bastion"
  bastion_host_key         = var.bastion_host_key
  bastion_host_private_key = var.bastion_host_private_key

  vpc_cidr       = "10.10.0.0/16"
  harbor_version = var.harbor_version
  node_count     = var.node_count
  instance_type  = var.instance_type
  instance_types = var.instance_types
  image_id       = var.image_id
  system_disk    = { size = 200, encrypted = true }
  host_keys      = var.host_keys
  drained_nodes  = var.drained_nodes
  redis          = { instance_class = "redis.master.mid.default", multi_zone = true }

  database = {
    version         = var.postgresql_version
    primary         = var.primary
    max_connections = 500
  }

  secret_versions     = var.secret_versions
  deletion_protection = var.deletion_protection
  tags                = { environment = "production" }
}

output "url" {
  description = "The registry."
  value       = module.harbor.url
}

output "nodes" {
  description = "The nodes."
  value       = module.harbor.nodes
}

output "load_balancer" {
  description = "The load balancer."
  value       = module.harbor.load_balancer
}

output "database" {
  description = "PostgreSQL."
  value       = module.harbor.database
}

# Asked at each plan and apply, on every node. What is wrong is a warning and stops nothing. The data
# source stands outside of the check: within it, no plan would ever be empty.
data "harbor_health" "registry" {
  hostname    = var.hostname
  certificate = var.certificate
  nodes       = { for name, node in module.harbor.nodes : name => { ssh = node.ssh } }
}

check "registry" {
  assert {
    condition     = data.harbor_health.registry.healthy
    error_message = join("\n", data.harbor_health.registry.errors)
  }
}
