# The hosts. What runs in them is in database.tf and main.tf.

locals {
  node_names = toset(slice(["a", "b", "c", "d", "e", "f", "g", "h", "i"], 0, var.node_count))
  # The zones take turns, so that a and b, which hold the database, are never in the same one.
  node_zones = { for i, name in sort(local.node_names) : name => var.zones[i % length(var.zones)] }

  image_id      = var.image_id != null ? var.image_id : try(data.alicloud_images.ubuntu[0].ids[0], null)
  key_pair_name = var.key_pair_name != null ? var.key_pair_name : one(alicloud_ecs_key_pair.this[*].key_pair_name)

  ssh = { for name, node in alicloud_instance.node : name => {
    host       = var.access == "public" ? node.public_ip : node.private_ip
    host_key   = lookup(var.host_keys, name, null)
    credential = var.credential
  } }
}

data "alicloud_images" "ubuntu" {
  count = var.image_id == null ? 1 : 0

  owners       = "system"
  name_regex   = "^ubuntu_24_04_x64"
  architecture = "x86_64"
  most_recent  = true
}

resource "alicloud_ecs_key_pair" "this" {
  count = var.key_pair_name == null ? 1 : 0

  key_pair_name = var.name
  public_key    = var.ssh_public_key
  tags          = var.tags
}

resource "alicloud_instance" "node" {
  for_each = local.node_names

  instance_name              = "${var.name}-${each.key}"
  host_name                  = "${var.name}-${each.key}"
  image_id                   = local.image_id
  instance_type              = lookup(var.instance_types, each.key, var.instance_type)
  security_groups            = [alicloud_security_group.node.id]
  vswitch_id                 = local.vswitch_ids[local.node_zones[each.key]]
  key_name                   = local.key_pair_name
  internet_charge_type       = "PayByTraffic"
  internet_max_bandwidth_out = var.access == "public" ? var.node_bandwidth : 0
  system_disk_category       = var.system_disk.category
  system_disk_size           = var.system_disk.size
  system_disk_encrypted      = var.system_disk.encrypted
  deletion_protection        = var.deletion_protection
  tags                       = var.tags

  # A node cannot count on reaching itself through the load balancer: to it, the name is itself.
  user_data = "#cloud-config\n${yamlencode({
    bootcmd = ["grep -q ' ${var.hostname}$' /etc/hosts || echo '127.0.0.1 ${var.hostname}' >> /etc/hosts"]
  })}"

  lifecycle {
    # A new image would wipe the system disk in place, under the same id and address, and nothing
    # that depends on the instance would be planned again. New user data would restart the node.
    ignore_changes = [image_id, user_data]

    precondition {
      condition     = local.image_id != null
      error_message = "This region has no image of Ubuntu 24.04: set image_id."
    }
  }
}

# All that SSH to the nodes needs, and how they reach out. What goes by SSH depends on it, so that a
# destroy keeps the way open until the last step on a host is done. That an instance "runs" does not
# say that it can be reached: the provider itself tries for as long as its boot_timeout says.
resource "terraform_data" "reachable" {
  input = { for name, node in alicloud_instance.node : name => node.id }

  depends_on = [
    alicloud_security_group_rule.ssh,
    alicloud_security_group_rule.ssh_from_bastion,
    alicloud_security_group_rule.bastion_ssh,
    alicloud_security_group_rule.postgresql,
    alicloud_instance.bastion,
    alicloud_eip_association.bastion,
    alicloud_snat_entry.this,
  ]
}
