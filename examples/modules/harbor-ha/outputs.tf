output "url" {
  description = "The URL that clients use."
  value       = "https://${var.hostname}"

  # It leads somewhere only when a listener, a node and a record are there.
  depends_on = [
    alicloud_slb_listener.this, alicloud_nlb_listener.this,
    alicloud_pvtz_zone_record.this, alicloud_pvtz_zone_attachment.this, alicloud_alidns_record.this,
  ]
}

output "bastions" {
  description = "For ssh.bastions of the provider block of harbor: the bastion, or an empty list without one."
  value = [for bastion in alicloud_instance.bastion : {
    host     = var.bastion.public ? one(alicloud_eip_address.bastion[*].ip_address) : bastion.private_ip
    user     = "root"
    host_key = local.bastion_host_key
  }]
}

output "nodes" {
  description = "The nodes by name: instance, zone, addresses, and whether Harbor's API says that it is healthy."
  value = { for name, node in alicloud_instance.node : name => {
    instance_id = node.id
    zone        = local.node_zones[name]
    private_ip  = node.private_ip
    ssh         = local.ssh[name]
    healthy     = harbor_ha_node.node[name].healthy
    release     = harbor_ha_node.node[name].release
  } }
}

output "load_balancer" {
  description = "The load balancer: its id, and the address or name behind the hostname."
  value = {
    id      = local.clb ? one(alicloud_slb_load_balancer.this[*].id) : one(alicloud_nlb_load_balancer.this[*].id)
    address = local.dns_value
  }
}

output "database" {
  description = "PostgreSQL: type, host and port; of a pair also who is primary and how the standby is."
  value = {
    type          = var.database.type
    host          = local.database.host
    port          = local.database.port
    primary       = one(harbor_pg_replication_pair.this[*].current_primary)
    standby_state = one(harbor_pg_replication_pair.this[*].standby_state)
  }
}

output "redis" {
  description = "Redis: host and port."
  value       = local.redis
}

output "storage" {
  description = "Where image layers are: the NFS export, or the bucket."
  value       = local.nas ? local.node_storage.shared.nfs : one(alicloud_oss_bucket.this[*].bucket)
}

output "network" {
  description = "VPC, vSwitches by zone, and the nodes' security group."
  value = {
    vpc_id            = local.vpc_id
    vswitch_ids       = local.vswitch_ids
    security_group_id = alicloud_security_group.node.id
  }
}
