resource "harbor_ha_node" "node" {
  for_each = { a = "10.0.1.11", b = "10.0.2.12" }

  ssh      = { host = each.value }
  version  = "2.15.2"
  hostname = "harbor.example.com" # leads to the load balancer

  installer = {
    url    = "https://downloads.example.com/harbor-offline-installer-v2.15.2.tgz"
    sha256 = var.installer_sha256
  }

  https = {
    certificate            = file("${path.module}/harbor.crt")
    private_key_wo         = var.tls_private_key
    private_key_wo_version = 1
  }

  admin_password_wo         = var.admin_password
  admin_password_wo_version = 1

  # Only the registry's blobs are shared; all else stays on the local data volume.
  storage = {
    shared = { nfs = "nas.example.com:/harbor" }
  }

  database = {
    host                = "10.0.1.11" # harbor_pg_replication_pair.db.primary_host
    password_wo         = var.database_password
    password_wo_version = 1
  }

  redis = {
    host                = "10.0.4.10"
    password_wo         = var.redis_password
    password_wo_version = 1
  }

  shared_secrets = "/etc/breakwater/secrets/harbor" # harbor_shared_secrets.shared.directory

  docker = {
    source           = "distro"
    registry_mirrors = ["https://mirror.example.com"]
  }

  configuration = {
    self_registration            = "false"
    project_creation_restriction = "adminonly"
  }

  timeouts = {
    create = "1h"
  }
}

variable "installer_sha256" {
  type = string
}

variable "tls_private_key" {
  type      = string
  ephemeral = true
  sensitive = true
}

variable "admin_password" {
  type      = string
  ephemeral = true
  sensitive = true
}

variable "database_password" {
  type      = string
  ephemeral = true
  sensitive = true
}

variable "redis_password" {
  type      = string
  ephemeral = true
  sensitive = true
}
