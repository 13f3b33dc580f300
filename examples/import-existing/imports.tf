# An import looks and changes nothing. Remove this file when the first apply is done.

locals {
  login = { for name, address in var.hosts : name => "root@${address}:22" }
}

import {
  to = harbor_pg_replication_pair.db
  id = "${local.login["a"]},${local.login["b"]}/${var.postgresql_version}/main"
}

import {
  to = harbor_external_db.registry
  id = "${local.login[var.primary]}/5432/harbor"
}

import {
  for_each = var.hosts

  to = harbor_ha_node.node[each.key]
  id = "${local.login[each.key]}${var.harbor_directory}"
}
