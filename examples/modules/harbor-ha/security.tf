# Who reaches the nodes, and nobody else: members of the group do not reach each other either, but
# for what is said here.

locals {
  client_cidrs = var.client_cidrs != null ? var.client_cidrs : toset([var.balancer.public ? "0.0.0.0/0" : local.vpc_cidr])
  ssh_sources  = var.ssh_sources != null ? var.ssh_sources : toset([local.vpc_cidr])

  # Health checks of a CLB come from a range of the cloud's own; those of an NLB from its addresses
  # in the vSwitches.
  health_check_cidrs = toset([var.balancer.type == "clb" ? "100.64.0.0/10" : local.vpc_cidr])
}

resource "alicloud_security_group" "node" {
  security_group_name = "${var.name}-node"
  description         = "Nodes of ${var.hostname}"
  vpc_id              = local.vpc_id
  inner_access_policy = "Drop"
  tags                = var.tags
}

resource "alicloud_security_group_rule" "clients" {
  for_each = local.client_cidrs

  description       = "Clients; the load balancer keeps their addresses"
  security_group_id = alicloud_security_group.node.id
  type              = "ingress"
  ip_protocol       = "tcp"
  port_range        = "443/443"
  cidr_ip           = each.value
}

resource "alicloud_security_group_rule" "health_checks" {
  for_each = setsubtract(local.health_check_cidrs, local.client_cidrs)

  description       = "Health checks of the load balancer"
  security_group_id = alicloud_security_group.node.id
  type              = "ingress"
  ip_protocol       = "tcp"
  port_range        = "443/443"
  cidr_ip           = each.value
}

resource "alicloud_security_group_rule" "postgresql" {
  count = var.database.type == "pair" ? 1 : 0

  description              = "PostgreSQL, from node to node"
  security_group_id        = alicloud_security_group.node.id
  type                     = "ingress"
  ip_protocol              = "tcp"
  port_range               = "5432/5432"
  source_security_group_id = alicloud_security_group.node.id
}

resource "alicloud_security_group_rule" "ssh" {
  for_each = var.access == "bastion" ? toset([]) : local.ssh_sources

  description       = "SSH of Terraform"
  security_group_id = alicloud_security_group.node.id
  type              = "ingress"
  ip_protocol       = "tcp"
  port_range        = "22/22"
  cidr_ip           = each.value
}

resource "alicloud_security_group_rule" "ssh_from_bastion" {
  count = var.access == "bastion" ? 1 : 0

  description              = "SSH of Terraform, through the bastion"
  security_group_id        = alicloud_security_group.node.id
  type                     = "ingress"
  ip_protocol              = "tcp"
  port_range               = "22/22"
  source_security_group_id = alicloud_security_group.bastion[0].id
}
