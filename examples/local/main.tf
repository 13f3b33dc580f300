provider "harbor" {
  ssh = {
    user             = "root"
    private_key_path = var.ssh_private_key_path
  }
}

locals {
  ssh = { for name, node in var.nodes : name => { host = node.address, host_key = node.host_key } }
}

# PostgreSQL on both hosts: a primary and its streaming standby.
resource "harbor_pg_replication_pair" "db" {
  version = var.postgresql_version
  source  = "distro"
  primary = "a"

  role_check_port = var.role_check_port

  nodes = {
    a = { ssh = local.ssh["a"] }
    b = { ssh = local.ssh["b"] }
  }

  settings = {
    max_connections = "300"
  }

  # Harbor on the other node comes from that node's address; Harbor on the primary's own host comes
  # straight from its containers' network (Docker's default address pool).
  client_rules = [
    for address in concat([for node in var.nodes : "${node.address}/32"], ["172.16.0.0/12"]) : {
      connection = "host"
      user       = "harbor"
      address    = address
    }
  ]
}

# Harbor's role and databases in it.
resource "harbor_external_db" "registry" {
  ssh                 = harbor_pg_replication_pair.db.primary_ssh
  harbor_version      = var.harbor_version
  password_wo         = var.database_password
  password_wo_version = 1
}

# One address on each node that leads to the primary, whichever host that is. A node leaves it before
# it goes.
resource "harbor_database_endpoint" "node" {
  for_each = var.database_endpoint ? var.nodes : {}

  ssh     = local.ssh[each.key]
  servers = { for name, node in var.nodes : name => { address = node.address, check_port = var.role_check_port } }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [harbor_pg_replication_pair.db]
}

# The secrets that must be equal on both nodes, made on the hosts, never in state.
resource "harbor_shared_secrets" "shared" {
  harbor_version = var.harbor_version
  hosts          = { for name, ssh in local.ssh : name => { ssh = ssh } }
}

# The two nodes; an apply changes one at a time.
resource "harbor_ha_node" "node" {
  for_each = var.nodes

  ssh      = local.ssh[each.key]
  version  = var.harbor_version
  hostname = var.hostname

  installer = {
    path   = var.installer_path
    sha256 = var.installer_sha256
  }

  https = {
    certificate            = var.certificate
    private_key_wo         = var.private_key
    private_key_wo_version = 1
  }

  admin_password_wo         = var.harbor_admin_password
  admin_password_wo_version = 1

  storage = {
    shared = { path = var.shared_folder }
  }

  database = {
    host                = var.database_endpoint ? harbor_database_endpoint.node[each.key].address : harbor_pg_replication_pair.db.primary_host
    port                = var.database_endpoint ? harbor_database_endpoint.node[each.key].port : 5432
    username            = harbor_external_db.registry.user
    password_wo         = var.database_password
    password_wo_version = 1
  }

  redis = {
    host                = var.redis.host
    port                = var.redis.port
    password_wo         = var.redis_password
    password_wo_version = 1
  }

  shared_secrets          = harbor_shared_secrets.shared.directory
  shared_secrets_rotation = harbor_shared_secrets.shared.rotation

  docker = {
    source           = "distro"
    registry_mirrors = var.registry_mirrors
  }

  configuration = {
    self_registration            = "false"
    project_creation_restriction = "adminonly"
  }
}
