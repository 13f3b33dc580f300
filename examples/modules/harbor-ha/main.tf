# The secrets that all nodes share, and the nodes themselves.

locals {
  harbor_minor = tonumber(split(".", var.harbor_version)[1])
}

resource "harbor_shared_secrets" "this" {
  harbor_version = var.harbor_version
  hosts          = { for name, ssh in local.ssh : name => { ssh = ssh } }

  depends_on = [terraform_data.reachable]
}

resource "harbor_ha_node" "node" {
  for_each = local.node_names

  ssh           = local.ssh[each.key]
  version       = var.harbor_version
  hostname      = var.hostname
  installer     = var.installer
  storage       = local.node_storage
  docker        = var.docker
  trivy         = var.trivy ? {} : null
  configuration = var.configuration
  settings      = var.settings
  peers         = { for name, node in alicloud_instance.node : name => node.private_ip if name != each.key }

  https = {
    certificate            = var.certificate
    private_key_wo         = var.private_key
    private_key_wo_version = var.secret_versions.private_key
  }

  admin_password_wo         = var.admin_password
  admin_password_wo_version = var.secret_versions.admin
  admin_old_password_wo     = var.admin_old_password

  database = {
    host                = local.database.host
    port                = local.database.port
    ssl_mode            = local.database.ssl_mode
    username            = harbor_external_db.this.user
    password_wo         = var.database_password
    password_wo_version = var.secret_versions.database
    max_open_conns      = local.max_open_conns
    max_idle_conns      = min(20, local.max_open_conns)
  }

  redis = {
    host                = local.redis.host
    port                = local.redis.port
    password_wo         = coalesce(var.redis_password_wo, var.redis_password)
    password_wo_version = var.secret_versions.redis
  }

  # Logs of jobs go to the database, where every node finds them; releases before 2.9 cannot.
  jobservice = {
    job_loggers = local.harbor_minor >= 9 ? ["STD_OUTPUT", "DB"] : null
  }

  shared_secrets          = harbor_shared_secrets.this.directory
  shared_secrets_rotation = harbor_shared_secrets.this.rotation

  # The mount target and its rules must outlive the nodes: a client whose server is gone hangs.
  depends_on = [
    terraform_data.reachable,
    alicloud_nas_mount_target.this,
    alicloud_nas_access_rule.node,
    alicloud_oss_bucket_acl.this,
    alicloud_ram_user_policy_attachment.this,
  ]
}
