# TCP 443 to every node, each client to one of them: a push is many requests, and an upload that
# changes the node can fail. A node is attached when its Harbor is healthy, and detached before it
# is stopped.

locals {
  clb            = var.balancer.type == "clb"
  nlb            = var.balancer.type == "nlb"
  attached_nodes = setsubtract(local.node_names, var.drained_nodes)
}

resource "alicloud_slb_load_balancer" "this" {
  count = local.clb ? 1 : 0

  load_balancer_name   = var.name
  address_type         = var.balancer.public ? "internet" : "intranet"
  vswitch_id           = var.balancer.public ? null : local.vswitch_ids[var.zones[0]]
  instance_charge_type = var.balancer.spec == null ? "PayByCLCU" : "PayBySpec"
  load_balancer_spec   = var.balancer.spec
  internet_charge_type = "PayByTraffic"
  delete_protection    = var.deletion_protection ? "on" : "off"
  tags                 = var.tags
}

resource "alicloud_slb_server_group" "this" {
  count = local.clb ? 1 : 0

  name             = var.name
  load_balancer_id = alicloud_slb_load_balancer.this[0].id
  tags             = var.tags
}

# No weight: a change of it would replace the attachment, and cut its connections. A CLB drains a
# node by taking it out (drained_nodes).
resource "alicloud_slb_server_group_server_attachment" "node" {
  for_each = local.clb ? local.attached_nodes : toset([])

  server_group_id = alicloud_slb_server_group.this[0].id
  server_id       = alicloud_instance.node[each.key].id
  port            = 443

  depends_on = [harbor_ha_node.node]
}

resource "alicloud_slb_listener" "this" {
  count = local.clb ? 1 : 0

  load_balancer_id          = alicloud_slb_load_balancer.this[0].id
  server_group_id           = alicloud_slb_server_group.this[0].id
  protocol                  = "tcp"
  frontend_port             = 443
  bandwidth                 = var.balancer.bandwidth
  scheduler                 = "wrr"
  persistence_timeout       = var.balancer.persistence
  health_check              = "on"
  health_check_type         = "tcp"
  health_check_connect_port = 443
  health_check_interval     = 2
  health_check_timeout      = 5
  healthy_threshold         = 3
  unhealthy_threshold       = 3

  depends_on = [alicloud_slb_server_group_server_attachment.node]
}

resource "alicloud_nlb_load_balancer" "this" {
  count = local.nlb ? 1 : 0

  load_balancer_name = var.name
  address_type       = var.balancer.public ? "Internet" : "Intranet"
  vpc_id             = local.vpc_id
  cross_zone_enabled = true
  tags               = var.tags

  dynamic "zone_mappings" {
    for_each = local.vswitch_ids
    content {
      zone_id    = zone_mappings.key
      vswitch_id = zone_mappings.value
    }
  }

  deletion_protection_config {
    enabled = var.deletion_protection
  }
}

resource "alicloud_nlb_server_group" "this" {
  count = local.nlb ? 1 : 0

  server_group_name          = var.name
  server_group_type          = "Instance"
  vpc_id                     = local.vpc_id
  protocol                   = "TCP"
  scheduler                  = "Sch" # by source address
  preserve_client_ip_enabled = true
  connection_drain_enabled   = true
  connection_drain_timeout   = 60
  tags                       = var.tags

  health_check {
    health_check_enabled         = true
    health_check_type            = "TCP"
    health_check_connect_port    = 443
    health_check_connect_timeout = 5
    health_check_interval        = 2
    healthy_threshold            = 3
    unhealthy_threshold          = 3
  }
}

# An NLB changes a weight in place: 0 drains a node.
resource "alicloud_nlb_server_group_server_attachment" "node" {
  for_each = local.nlb ? local.node_names : toset([])

  server_group_id = alicloud_nlb_server_group.this[0].id
  server_id       = alicloud_instance.node[each.key].id
  server_type     = "Ecs"
  port            = 443
  weight          = contains(var.drained_nodes, each.key) ? 0 : 100

  depends_on = [harbor_ha_node.node]
}

resource "alicloud_nlb_listener" "this" {
  count = local.nlb ? 1 : 0

  load_balancer_id  = alicloud_nlb_load_balancer.this[0].id
  server_group_id   = alicloud_nlb_server_group.this[0].id
  listener_protocol = "TCP"
  listener_port     = 443
  idle_timeout      = 900

  depends_on = [alicloud_nlb_server_group_server_attachment.node]
}
