# One vSwitch per zone, made or given.

locals {
  make_network = var.existing_network == null
  vpc_id       = local.make_network ? one(alicloud_vpc.this[*].id) : var.existing_network.vpc_id
  vpc_cidr     = local.make_network ? var.vpc_cidr : var.existing_network.cidr_block
  vswitches = { for i, zone in var.zones : zone => {
    id         = local.make_network ? alicloud_vswitch.this[zone].id : var.existing_network.vswitches[zone].id
    cidr_block = local.make_network ? cidrsubnet(var.vpc_cidr, 8, i) : var.existing_network.vswitches[zone].cidr_block
  } }
  vswitch_ids = { for zone, vswitch in local.vswitches : zone => vswitch.id }
  node_cidrs  = toset([for vswitch in local.vswitches : vswitch.cidr_block])
  make_nat    = coalesce(var.nat_gateway, local.make_network) && var.access != "public"
}

resource "alicloud_vpc" "this" {
  count = local.make_network ? 1 : 0

  vpc_name   = var.name
  cidr_block = var.vpc_cidr
  tags       = var.tags
}

resource "alicloud_vswitch" "this" {
  for_each = local.make_network ? { for i, zone in var.zones : zone => i } : {}

  vswitch_name = "${var.name}-${each.key}"
  vpc_id       = local.vpc_id
  cidr_block   = cidrsubnet(var.vpc_cidr, 8, each.value)
  zone_id      = each.key
  tags         = var.tags
}

# The way out of nodes without a public address.

resource "alicloud_nat_gateway" "this" {
  count = local.make_nat ? 1 : 0

  nat_gateway_name     = var.name
  nat_type             = "Enhanced"
  payment_type         = "PayAsYouGo"
  internet_charge_type = "PayByLcu"
  vpc_id               = local.vpc_id
  vswitch_id           = local.vswitch_ids[var.zones[0]]
  tags                 = var.tags
}

resource "alicloud_eip_address" "nat" {
  count = local.make_nat ? 1 : 0

  address_name         = "${var.name}-nat"
  internet_charge_type = "PayByTraffic"
  bandwidth            = "100"
  tags                 = var.tags
}

resource "alicloud_eip_association" "nat" {
  count = local.make_nat ? 1 : 0

  allocation_id = alicloud_eip_address.nat[0].id
  instance_id   = alicloud_nat_gateway.this[0].id
  instance_type = "Nat"
}

resource "alicloud_snat_entry" "this" {
  for_each = toset(local.make_nat ? var.zones : [])

  snat_entry_name   = "${var.name}-${each.key}"
  snat_table_id     = alicloud_nat_gateway.this[0].snat_table_ids
  source_vswitch_id = local.vswitch_ids[each.key]
  snat_ip           = alicloud_eip_address.nat[0].ip_address

  depends_on = [alicloud_eip_association.nat]
}
