# Who reaches the nodes, and nobody else: members of the group do not reach each other either, but
# for what is said here.

locals {
  client_cidrs = var.client_cidrs != null ? var.client_cidrs : toset([var.balancer.public ? "0.0.0.0/0" : local.vpc_cidr])
  ssh_sources  = var.ssh_sources != null ? var.ssh_sources : toset([local.vpc_cidr])

  # Health checks of a CLB come from a range of the cloud's own; those of an NLB from its addresses
  # in the vSwitches.
  health_check_cidrs = var.balancer.type == "clb" ? toset(["100.64.0.0/10"]) : local.node_cidrs
}

resource "alicloud_security_group" "node" {
  security_group_name = "${var.name}-node"
  description         = "Nodes of ${var.hostname}"
  vpc_id              = local.vpc_id
  inner_access_policy = "Drop"
  tags                = var.tags
}

# One rule for each network, whatever it is let in for: two rules of the same network are one to the
# cloud, and the end of one would be the end of both.
resource "alicloud_security_group_rule" "https" {
  for_each = setunion(local.client_cidrs, local.health_check_cidrs)

  description       = "Clients, whose addresses the load balancer keeps, and its health checks"
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
