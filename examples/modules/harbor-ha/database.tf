# PostgreSQL: a pair on nodes a and b, or RDS; and Harbor's role and databases in it.

locals {
  pair = var.database.type == "pair"
  rds  = var.database.type == "rds"

  # Each node opens up to three pools; 40 connections are left to replication, backup and people.
  max_open_conns = min(70, floor((var.database.max_connections - 40) / (3 * var.node_count)))

  database = local.pair ? {
    host     = one(harbor_pg_replication_pair.this[*].primary_host)
    port     = 5432
    ssl_mode = "disable"
    } : {
    host     = one(alicloud_db_instance.this[*].connection_string)
    port     = tonumber(one(alicloud_db_instance.this[*].port))
    ssl_mode = "require"
  }
}

resource "harbor_pg_replication_pair" "this" {
  count = local.pair ? 1 : 0

  version             = var.database.version
  source              = var.database.source
  package_version     = var.database.package_version
  mirror              = var.database.mirror
  signing_key         = var.database.signing_key
  primary             = var.database.primary
  sync                = var.database.sync
  on_divergence       = var.database.on_divergence
  unreachable_primary = var.database.unreachable_primary
  data_loss_token     = var.database.data_loss_token

  nodes = {
    a = { ssh = local.ssh["a"], address = alicloud_instance.node["a"].private_ip }
    b = { ssh = local.ssh["b"], address = alicloud_instance.node["b"].private_ip }
  }

  settings = merge({ max_connections = tostring(var.database.max_connections) }, var.database.settings)

  client_rules = [
    for address in concat([for node in alicloud_instance.node : "${node.private_ip}/32"], sort(var.container_cidrs)) : {
      connection = "host"
      user       = "harbor"
      address    = address
    }
  ]

  depends_on = [terraform_data.reachable]
}

resource "alicloud_db_instance" "this" {
  count = local.rds ? 1 : 0

  instance_name            = var.name
  engine                   = "PostgreSQL"
  engine_version           = "${var.database.version}.0"
  instance_type            = var.database.instance_type
  instance_storage         = var.database.storage
  db_instance_storage_type = "cloud_essd"
  category                 = "HighAvailability"
  instance_charge_type     = "Postpaid"
  zone_id                  = var.zones[0]
  zone_id_slave_a          = var.database.multi_zone ? var.zones[1] : var.zones[0]
  vswitch_id               = join(",", var.database.multi_zone ? [for zone in slice(var.zones, 0, 2) : local.vswitch_ids[zone]] : [local.vswitch_ids[var.zones[0]]])
  security_group_ids       = [alicloud_security_group.node.id]
  ssl_action               = "Open"
  deletion_protection      = var.deletion_protection
  tags                     = var.tags

  parameters {
    name  = "max_connections"
    value = tostring(var.database.max_connections)
  }

  # A switch to the pair moves the nodes over first.
  lifecycle {
    create_before_destroy = true
  }
}

resource "alicloud_rds_account" "admin" {
  count = local.rds ? 1 : 0

  db_instance_id         = alicloud_db_instance.this[0].id
  account_name           = "breakwater"
  account_type           = "Super"
  account_password       = var.rds_admin_password
  kms_encrypted_password = try(var.rds_kms_password.ciphertext, null)
  kms_encryption_context = try(var.rds_kms_password.context, null)
}

resource "harbor_external_db" "this" {
  # RDS is reached through a node.
  ssh                 = local.pair ? one(harbor_pg_replication_pair.this[*].primary_ssh) : local.ssh["a"]
  harbor_version      = var.harbor_version
  password_wo         = var.database_password
  password_wo_version = var.secret_versions.database

  server = local.pair ? null : {
    host                      = local.database.host
    port                      = local.database.port
    admin_user                = one(alicloud_rds_account.admin[*].account_name)
    admin_password_wo         = coalesce(var.rds_admin_password_wo, var.rds_admin_password)
    admin_password_wo_version = var.secret_versions.rds_admin
  }

  depends_on = [terraform_data.reachable]
}
