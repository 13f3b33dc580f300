# The configuration whose apply left the state beside it: that of the demo, with its values.

locals {
  ssh = {
    a = { host = "198.51.100.11", host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN7SLmpASG5Ae+o8k5VtGasxmk2+4ZzAZV8DO+DziNPI" }
    b = { host = "198.51.100.12", host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINfDrVBPCK2PCj2DQr1CiEU/W9ugL/m5VNNnOd4HDL6G" }
  }
}

# PostgreSQL on both hosts: a primary and its streaming standby.
resource "harbor_pg_replication_pair" "db" {
  version = 15
  source  = "distro"
  primary = "a"

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
    for address in concat([for ssh in local.ssh : "${ssh.host}/32"], ["172.16.0.0/12"]) : {
      connection = "host"
      user       = "harbor"
      address    = address
    }
  ]
}

# Harbor's role and databases in it.
resource "harbor_external_db" "registry" {
  ssh                 = harbor_pg_replication_pair.db.primary_ssh
  harbor_version      = "2.15.2"
  password_wo         = "a-secret"
  password_wo_version = 1
}

# The secrets that must be equal on both nodes, made on the hosts, never in state.
resource "harbor_shared_secrets" "shared" {
  harbor_version = "2.15.2"
  hosts          = { for name, ssh in local.ssh : name => { ssh = ssh } }
}

# The two nodes; an apply changes one at a time.
resource "harbor_ha_node" "node" {
  for_each = local.ssh

  ssh      = each.value
  version  = "2.15.2"
  hostname = "harbor.example.test"

  installer = {
    path   = "/srv/harbor-offline-installer-v2.15.2.tgz"
    sha256 = "b0a85323b813a890ed4c7be9748976b48eee91500bb19ea4921cd9b22ce5706f"
  }

  https = {
    certificate            = file("${path.module}/harbor.crt")
    private_key_wo         = file("${path.module}/harbor.key")
    private_key_wo_version = 1
  }

  admin_password_wo         = "a-secret"
  admin_password_wo_version = 1

  storage = {
    shared = { path = "/srv/nas/harbor" }
  }

  database = {
    host                = harbor_pg_replication_pair.db.primary_host
    username            = harbor_external_db.registry.user
    password_wo         = "a-secret"
    password_wo_version = 1
  }

  redis = {
    host                = "198.51.100.5"
    port                = 6379
    password_wo         = "a-secret"
    password_wo_version = 1
  }

  shared_secrets          = harbor_shared_secrets.shared.directory
  shared_secrets_rotation = harbor_shared_secrets.shared.rotation

  docker = {
    source           = "distro"
    registry_mirrors = ["https://mirror.gcr.io"]
  }

  configuration = {
    self_registration            = "false"
    project_creation_restriction = "adminonly"
  }
}
