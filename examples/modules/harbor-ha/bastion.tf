# The jump host. Its host key is given, not found: the provider never trusts a bastion at first sight,
# and so its block can be complete before the bastion exists.

locals {
  bastion_count = var.access == "bastion" ? 1 : 0
  # Type and key, without the comment and the line's end that a .pub file has.
  bastion_host_key = try(join(" ", slice(split(" ", trimspace(var.bastion_host_key)), 0, 2)), null)
}

resource "alicloud_security_group" "bastion" {
  count = local.bastion_count

  security_group_name = "${var.name}-bastion"
  description         = "Way to the nodes of ${var.hostname}"
  vpc_id              = local.vpc_id
  inner_access_policy = "Drop"
  tags                = var.tags
}

resource "alicloud_security_group_rule" "bastion_ssh" {
  for_each = var.access == "bastion" ? local.ssh_sources : toset([])

  description       = "SSH of Terraform"
  security_group_id = alicloud_security_group.bastion[0].id
  type              = "ingress"
  ip_protocol       = "tcp"
  port_range        = "22/22"
  cidr_ip           = each.value
}

resource "alicloud_instance" "bastion" {
  count = local.bastion_count

  instance_name        = "${var.name}-bastion"
  host_name            = "${var.name}-bastion"
  image_id             = local.image_id
  instance_type        = var.bastion.instance_type
  security_groups      = [alicloud_security_group.bastion[0].id]
  vswitch_id           = local.vswitch_ids[var.zones[0]]
  key_name             = local.key_pair_name
  system_disk_category = var.system_disk.category
  system_disk_size     = 40
  deletion_protection  = var.deletion_protection
  tags                 = var.tags

  user_data = "#cloud-config\n${yamlencode({
    ssh_deletekeys = true
    ssh_keys = {
      ed25519_private = var.bastion_host_private_key
      ed25519_public  = local.bastion_host_key
    }
  })}"

  lifecycle {
    # A new image would wipe the disk in place, and with it the host key.
    ignore_changes = [image_id]
  }
}

resource "alicloud_eip_address" "bastion" {
  count = var.bastion.public ? local.bastion_count : 0

  address_name         = "${var.name}-bastion"
  internet_charge_type = "PayByTraffic"
  bandwidth            = tostring(var.bastion.bandwidth)
  tags                 = var.tags
}

resource "alicloud_eip_association" "bastion" {
  count = var.bastion.public ? local.bastion_count : 0

  allocation_id = alicloud_eip_address.bastion[0].id
  instance_id   = alicloud_instance.bastion[0].id
}
