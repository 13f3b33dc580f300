# Image layers: on NAS, mounted by every node, or in OSS.

locals {
  nas = var.storage.type == "nas"
  oss = var.storage.type == "oss"
}

# No vpc_id or vswitch_id here: a standard file system would show them as a difference for ever.
resource "alicloud_nas_file_system" "this" {
  count = local.nas ? 1 : 0

  description   = var.name
  protocol_type = "NFS"
  storage_type  = var.storage.storage_type
  tags          = var.tags
}

resource "alicloud_nas_access_group" "this" {
  count = local.nas ? 1 : 0

  access_group_name = var.name
  access_group_type = "Vpc"
}

# The nodes' vSwitches, and not the nodes' addresses: what outlives the nodes must not depend on them.
resource "alicloud_nas_access_rule" "node" {
  for_each = local.nas ? local.node_cidrs : toset([])

  access_group_name = alicloud_nas_access_group.this[0].access_group_name
  source_cidr_ip    = each.key
  rw_access_type    = "RDWR"
  user_access_type  = "no_squash"

  # A switch or a replacement moves the nodes over first.
  lifecycle {
    create_before_destroy = true
  }
}

resource "alicloud_nas_mount_target" "this" {
  count = local.nas ? 1 : 0

  file_system_id    = alicloud_nas_file_system.this[0].id
  access_group_name = alicloud_nas_access_group.this[0].access_group_name
  network_type      = "Vpc"
  vpc_id            = local.vpc_id
  vswitch_id        = local.vswitch_ids[var.zones[0]]

  # Without this a switch to OSS would delete it while the nodes still have it mounted.
  lifecycle {
    create_before_destroy = true
  }
}

resource "alicloud_oss_bucket" "this" {
  count = local.oss ? 1 : 0

  bucket          = coalesce(var.storage.bucket, "${var.name}-layers")
  redundancy_type = var.storage.redundancy
  tags            = var.tags

  # A switch or a replacement moves the nodes over first.
  lifecycle {
    create_before_destroy = true
  }
}

resource "alicloud_oss_bucket_acl" "this" {
  count = local.oss ? 1 : 0

  bucket = alicloud_oss_bucket.this[0].bucket
  acl    = "private"
}

# A user that can do nothing but use this bucket.

locals {
  make_ram_user = local.oss && var.storage.access_key_id == null
}

resource "alicloud_ram_user" "this" {
  count = local.make_ram_user ? 1 : 0

  name     = "${var.name}-registry"
  comments = "Registry of ${var.hostname}"
}

resource "alicloud_ram_policy" "this" {
  count = local.make_ram_user ? 1 : 0

  policy_name = "${var.name}-registry"
  policy_document = jsonencode({
    Version = "1"
    Statement = [{
      Effect = "Allow"
      Action = [
        "oss:ListObjects", "oss:GetObject", "oss:PutObject", "oss:DeleteObject",
        "oss:ListParts", "oss:AbortMultipartUpload", "oss:ListMultipartUploads", "oss:GetBucketInfo",
      ]
      Resource = [
        "acs:oss:*:*:${alicloud_oss_bucket.this[0].bucket}",
        "acs:oss:*:*:${alicloud_oss_bucket.this[0].bucket}/*",
      ]
    }]
  })
}

resource "alicloud_ram_user_policy_attachment" "this" {
  count = local.make_ram_user ? 1 : 0

  policy_name = alicloud_ram_policy.this[0].policy_name
  policy_type = "Custom"
  user_name   = alicloud_ram_user.this[0].name
}

resource "alicloud_ram_access_key" "this" {
  count = local.make_ram_user ? 1 : 0

  user_name = alicloud_ram_user.this[0].name

  # A switch or a replacement moves the nodes over first.
  lifecycle {
    create_before_destroy = true
  }
}

# What the nodes are told.

locals {
  node_storage = local.nas ? {
    driver                = "filesystem"
    shared                = { nfs = "${alicloud_nas_mount_target.this[0].mount_target_domain}:/", nfs_version = var.storage.nfs_version }
    parameters            = null
    parameters_wo         = null
    parameters_wo_version = null
    redirect_disabled     = null
    } : {
    driver = "oss"
    shared = null
    parameters = {
      accesskeyid = local.make_ram_user ? one(alicloud_ram_access_key.this[*].id) : var.storage.access_key_id
      region      = alicloud_oss_bucket.this[0].location
      bucket      = alicloud_oss_bucket.this[0].bucket
      internal    = "true"
    }
    parameters_wo         = { accesskeysecret = local.make_ram_user ? one(alicloud_ram_access_key.this[*].secret) : var.oss_access_key_secret }
    parameters_wo_version = var.secret_versions.oss
    # A redirect would send clients to the bucket's address inside the VPC.
    redirect_disabled = true
  }
}
