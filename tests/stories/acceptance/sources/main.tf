# Two single-node Harbors, an old and a new one, on a pair; all software from mirrors and URLs.
variable "ssh" {}
variable "key" {}
variable "urls" {}
variable "docker_key" {}
variable "docker_version" {}
variable "compose_sha256" {}
variable "installers" {}
variable "certificate" {}
variable "redis" {}
variable "admin_password" { ephemeral = true }
variable "admin_old_password" {
  ephemeral = true
  default   = null
}
variable "admin_password_version" { default = 1 }
variable "tls_key" { ephemeral = true }
variable "secret" { ephemeral = true }
variable "redis_password" { ephemeral = true }

provider "harbor" {
  ssh = { private_key_path = var.key }
}

resource "harbor_pg_replication_pair" "db" {
  version     = 15
  source      = "pgdg"
  mirror      = var.urls.pgdg
  signing_key = "${var.urls.https}/ACCC4CF8.asc"
  nodes       = { a = { ssh = var.ssh.a }, b = { ssh = var.ssh.b } }
  client_rules = [for address in ["198.51.100.0/24", "172.16.0.0/12"] :
  { connection = "host", address = address }]
}

resource "harbor_external_db" "new" {
  ssh                 = harbor_pg_replication_pair.db.primary_ssh
  harbor_version      = "2.15.2"
  password_wo         = var.secret
  password_wo_version = 1
}

resource "harbor_external_db" "old" {
  ssh                 = harbor_pg_replication_pair.db.primary_ssh
  harbor_version      = "2.3.2"
  user                = "old"
  databases           = ["registry_old", "notarysigner", "notaryserver"]
  password_wo         = var.secret
  password_wo_version = 1
}

resource "harbor_shared_secrets" "old" {
  harbor_version = "2.3.2"
  hosts          = { b = { ssh = var.ssh.b } }
}

# Docker's own packages with their plugin Compose, the registry on NFS.
resource "harbor_ha_node" "new" {
  ssh       = var.ssh.a
  version   = "2.15.2"
  hostname  = "harbor.example.test"
  installer = var.installers["2.15.2"]
  https = {
    certificate            = var.certificate
    private_key_wo         = var.tls_key
    private_key_wo_version = 1
  }
  admin_password_wo         = var.admin_password
  admin_password_wo_version = var.admin_password_version
  admin_old_password_wo     = var.admin_old_password
  storage                   = { shared = { nfs = "nas.example.test:/new" } }
  database = {
    host                = harbor_pg_replication_pair.db.primary_host
    username            = harbor_external_db.new.user
    password_wo         = var.secret
    password_wo_version = 1
  }
  redis = merge(var.redis, { password_wo = var.redis_password, password_wo_version = 1 })
  docker = {
    source      = "docker-ce"
    mirror      = var.urls.docker
    signing_key = var.docker_key
  }
}

# A pinned Docker with Compose as one file, Notary, and image layers in an object store.
resource "harbor_ha_node" "old" {
  ssh       = var.ssh.b
  version   = "2.3.2"
  hostname  = "old.example.test"
  installer = var.installers["2.3.2"]
  https = {
    certificate            = var.certificate
    private_key_wo         = var.tls_key
    private_key_wo_version = 1
  }
  notary                    = true
  admin_password_wo         = var.secret
  admin_password_wo_version = 1
  shared_secrets            = harbor_shared_secrets.old.directory
  storage = {
    driver                = "oss"
    parameters            = { accesskeyid = "id", region = "oss-cn-hangzhou", bucket = "images", internal = "true" }
    parameters_wo         = { accesskeysecret = var.secret }
    parameters_wo_version = 1
    redirect_disabled     = true
  }
  database = {
    host                = harbor_pg_replication_pair.db.primary_host
    username            = harbor_external_db.old.user
    name                = "registry_old"
    password_wo         = var.secret
    password_wo_version = 1
  }
  redis = merge(var.redis, {
    password_wo         = var.redis_password
    password_wo_version = 1
    registry_db_index   = 6
    jobservice_db_index = 7
    trivy_db_index      = 8
  })
  docker = {
    source      = "docker-ce"
    mirror      = var.urls.docker
    signing_key = var.docker_key
    version     = var.docker_version
    compose = {
      source  = "url"
      url     = "${var.urls.https}/docker-compose"
      sha256  = var.compose_sha256
      version = "2.26.1"
    }
  }
}
