# Two hosts that are there already, in a data centre or in any cloud: Debian or Ubuntu, root or sudo
# over SSH. A load balancer for TCP 443, an NFS export and a Redis are there too.

provider "harbor" {
  owner       = "harbor"
  known_hosts = [var.known_hosts]

  ssh = {
    user             = var.ssh_user
    private_key_path = var.ssh_private_key_path
  }
}

locals {
  ssh = { for name, address in var.hosts : name => { host = address } }
}

resource "harbor_pg_replication_pair" "db" {
  version = var.postgresql_version
  primary = "a"
  nodes   = { a = { ssh = local.ssh["a"] }, b = { ssh = local.ssh["b"] } }

  settings = { max_connections = "300" }

  client_rules = [
    for address in concat([for host in var.hosts : "${host}/32"], ["172.16.0.0/12"]) : {
      connection = "host"
      user       = "harbor"
      address    = address
    }
  ]
}

resource "harbor_external_db" "registry" {
  ssh                 = harbor_pg_replication_pair.db.primary_ssh
  harbor_version      = var.harbor_version
  password_wo         = var.database_password
  password_wo_version = 1
}

resource "harbor_shared_secrets" "shared" {
  harbor_version = var.harbor_version
  hosts          = { for name, ssh in local.ssh : name => { ssh = ssh } }
}

resource "harbor_ha_node" "node" {
  for_each = var.hosts

  ssh       = local.ssh[each.key]
  version   = var.harbor_version
  hostname  = var.hostname
  installer = var.installer
  storage   = { shared = { nfs = var.nfs } }

  https = {
    certificate            = var.certificate
    private_key_wo         = var.private_key
    private_key_wo_version = 1
  }

  admin_password_wo         = var.admin_password
  admin_password_wo_version = 1

  # 2 nodes x 3 pools x 40 connections stay below the server's 300.
  database = {
    host                = harbor_pg_replication_pair.db.primary_host
    username            = harbor_external_db.registry.user
    password_wo         = var.database_password
    password_wo_version = 1
    max_open_conns      = 40
  }

  redis = {
    host                = var.redis_host
    password_wo         = var.redis_password
    password_wo_version = 1
  }

  jobservice = { job_loggers = ["STD_OUTPUT", "DB"] }

  shared_secrets          = harbor_shared_secrets.shared.directory
  shared_secrets_rotation = harbor_shared_secrets.shared.rotation

  configuration = {
    self_registration            = "false"
    project_creation_restriction = "adminonly"
  }
}

output "url" {
  description = "The registry."
  value       = harbor_ha_node.node["a"].url
}

output "healthy" {
  description = "Whether each node's API says that it is healthy."
  value       = { for name, node in harbor_ha_node.node : name => node.healthy }
}
