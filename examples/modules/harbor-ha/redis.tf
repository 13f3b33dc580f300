# Redis: a standard master with its replica. Harbor supports no Redis cluster. Only members of the
# nodes' security group may use it.

locals {
  redis_class = coalesce(var.redis.instance_class, var.redis.type == "redis" ? "redis.master.small.default" : "tair.rdb.1g")
  redis_zone2 = var.redis.multi_zone ? var.zones[1] : null

  redis = var.redis.type == "redis" ? {
    host = one(alicloud_kvstore_instance.this[*].connection_domain)
    port = tonumber(one(alicloud_kvstore_instance.this[*].private_connection_port))
    } : {
    host = one(alicloud_redis_tair_instance.this[*].connection_domain)
    port = one(alicloud_redis_tair_instance.this[*].port)
  }
}

resource "alicloud_kvstore_instance" "this" {
  count = var.redis.type == "redis" ? 1 : 0

  db_instance_name            = var.name
  instance_type               = "Redis"
  instance_class              = local.redis_class
  engine_version              = coalesce(var.redis.engine_version, "5.0")
  payment_type                = "PostPaid"
  vswitch_id                  = local.vswitch_ids[var.zones[0]]
  zone_id                     = var.zones[0]
  secondary_zone_id           = local.redis_zone2
  security_group_id           = alicloud_security_group.node.id
  password                    = var.redis_password
  kms_encrypted_password      = try(var.redis_kms_password.ciphertext, null)
  kms_encryption_context      = try(var.redis_kms_password.context, null)
  instance_release_protection = var.deletion_protection
  tags                        = var.tags

  lifecycle {
    # A switch to Tair moves the nodes over first.
    create_before_destroy = true

    postcondition {
      condition     = coalesce(self.shard_count, 1) <= 1
      error_message = "This class makes a Redis cluster, which Harbor cannot use."
    }
  }
}

resource "alicloud_redis_tair_instance" "this" {
  count = var.redis.type == "tair" ? 1 : 0

  tair_instance_name = var.name
  instance_type      = "tair_${split(".", local.redis_class)[1]}"
  instance_class     = local.redis_class
  engine_version     = coalesce(var.redis.engine_version, "6.0")
  payment_type       = "PayAsYouGo"
  vpc_id             = local.vpc_id
  vswitch_id         = local.vswitch_ids[var.zones[0]]
  zone_id            = var.zones[0]
  secondary_zone_id  = local.redis_zone2
  port               = 6379
  security_group_id  = alicloud_security_group.node.id
  password           = var.redis_password
  tags               = var.tags

  lifecycle {
    create_before_destroy = true
  }
}
