# A pair that was built by hand: PostgreSQL from its own repository with data directories on a NAS
# that both hosts mount, Harbor beside it with its whole data volume on that NAS, Redis on a host.
# Make these settings fit until the plan shows only the lines that you want to change.

provider "harbor" {
  owner = "harbor"
  ssh   = { private_key_path = var.ssh_private_key_path }
}

locals {
  ssh = { for name, address in var.hosts : name => { host = address, user = "root" } }
}

resource "harbor_pg_replication_pair" "db" {
  version          = var.postgresql_version
  primary          = var.primary
  replication_user = "replica"

  # The packages are there, and where they came from stays as it is: no source = "pgdg", which would
  # write the repository down a second time.
  nodes = {
    a = { ssh = local.ssh["a"], data_dir = "/data/harbor_nas/pgsql/data" }
    b = { ssh = local.ssh["b"], data_dir = "/data/harbor_nas/pgsql_replica/data" }
  }

  # As the servers run: "on", which pg_rewind needs after a failover, restarts both.
  settings = { wal_log_hints = "off" }

  # Rules that are there stay, below ours, until this is "remove". With "md5" the MD5 hash of before
  # lets in until harbor_external_db has replaced it, and SCRAM does after that.
  other_rules = "keep"
  client_rules = [
    for address in concat([for host in var.hosts : "${host}/32"], ["172.16.0.0/12"]) : {
      connection = "host"
      user       = "harbor"
      address    = address
      method     = "md5"
    }
  ]
}

resource "harbor_external_db" "registry" {
  ssh                 = harbor_pg_replication_pair.db.primary_ssh
  harbor_version      = var.harbor_version
  password_wo         = var.database_password
  password_wo_version = 1
}

# Not an import: the secrets of the Harbor that runs on a are copied and carried to b.
resource "harbor_shared_secrets" "shared" {
  harbor_version = var.harbor_version
  hosts          = { for name, ssh in local.ssh : name => { ssh = ssh } }

  adopt_from = {
    host        = "a"
    data_volume = "/data/harbor_nas/harbor_data"
    directory   = var.harbor_directory
  }
}

resource "harbor_ha_node" "node" {
  for_each = var.hosts

  ssh       = local.ssh[each.key]
  version   = var.harbor_version
  hostname  = var.hostname
  directory = var.harbor_directory

  # Already on shared storage: no storage.shared.
  data_volume = "/data/harbor_nas/harbor_data"

  # The files on the hosts stay the source.
  https = {
    certificate_path = "${var.harbor_directory}/ssl/harbor.cer"
    private_key_path = "${var.harbor_directory}/ssl/harbor.key"
    trust            = var.certificate
  }

  admin_password_wo         = var.admin_password
  admin_password_wo_version = 1

  database = {
    host                = harbor_pg_replication_pair.db.primary_host
    password_wo         = var.database_password
    password_wo_version = 1

    # As harbor.yml has it: another number makes all containers anew. 0 is no limit, which can take
    # every connection that PostgreSQL has.
    max_idle_conns = 2
    max_open_conns = 0
  }

  redis = {
    host                = var.redis_host
    password_wo         = var.redis_password
    password_wo_version = 1
  }

  # Docker and Compose are there and stay as they are. What an import finds in daemon.json and is not
  # named here is taken out.
  docker = {
    source           = "none"
    compose          = { source = "none" }
    registry_mirrors = var.registry_mirrors
  }

  shared_secrets          = harbor_shared_secrets.shared.directory
  shared_secrets_rotation = harbor_shared_secrets.shared.rotation
}
