# Two instances with all that stands around a Harbor, to test the stand-in cloud with.

terraform {
  required_providers {
    alicloud = {
      source = "aliyun/alicloud"
    }
  }
}

variable "public_key" {
  type = string
}

variable "host_private_key" {
  type      = string
  sensitive = true
}

variable "host_public_key" {
  type = string
}

variable "image" {
  type    = string
  default = "debian_12_11_x64_20G_alibase_20260610.vhd"
}

variable "runner" {
  type    = string
  default = "192.88.99.0/24"
}

provider "alicloud" {
  region = "cn-shanghai"
}

data "alicloud_zones" "all" {
  available_resource_creation = "VSwitch"
}

data "alicloud_instance_types" "small" {
  cpu_core_count = 2
  memory_size    = 4
}

resource "alicloud_vpc" "main" {
  vpc_name   = "selftest"
  cidr_block = "10.20.0.0/16"
}

resource "alicloud_vswitch" "zone" {
  count      = 2
  vpc_id     = alicloud_vpc.main.id
  cidr_block = cidrsubnet(alicloud_vpc.main.cidr_block, 8, count.index)
  zone_id    = data.alicloud_zones.all.zones[count.index].id
}

resource "alicloud_security_group" "node" {
  vpc_id              = alicloud_vpc.main.id
  security_group_name = "node"
}

resource "alicloud_security_group_rule" "ssh" {
  security_group_id = alicloud_security_group.node.id
  type              = "ingress"
  ip_protocol       = "tcp"
  port_range        = "22/22"
  cidr_ip           = var.runner
}

resource "alicloud_ecs_key_pair" "user" {
  key_pair_name = "user"
  public_key    = var.public_key
}

resource "alicloud_instance" "node" {
  count                = 2
  instance_name        = "node-${count.index + 1}"
  host_name            = "node-${count.index + 1}"
  image_id             = var.image
  instance_type        = data.alicloud_instance_types.small.instance_types[0].id
  security_groups      = [alicloud_security_group.node.id]
  vswitch_id           = alicloud_vswitch.zone[count.index].id
  key_name             = alicloud_ecs_key_pair.user.key_pair_name
  system_disk_category = "cloud_essd"
  system_disk_size     = 40

  user_data = count.index == 0 ? null : "#cloud-config\n${yamlencode({
    bootcmd        = ["grep -q ' own.test$' /etc/hosts || echo '127.0.0.1 own.test' >> /etc/hosts"]
    ssh_deletekeys = true
    ssh_keys = {
      ed25519_private = var.host_private_key
      ed25519_public  = var.host_public_key
    }
  })}"
}

resource "alicloud_eip_address" "jump" {}

resource "alicloud_eip_association" "jump" {
  allocation_id = alicloud_eip_address.jump.id
  instance_id   = alicloud_instance.node[0].id
}

resource "alicloud_slb_load_balancer" "classic" {
  address_type         = "intranet"
  vswitch_id           = alicloud_vswitch.zone[0].id
  instance_charge_type = "PayByCLCU"
}

resource "alicloud_slb_server_group" "classic" {
  load_balancer_id = alicloud_slb_load_balancer.classic.id
}

resource "alicloud_slb_server_group_server_attachment" "classic" {
  count           = 2
  server_group_id = alicloud_slb_server_group.classic.id
  server_id       = alicloud_instance.node[count.index].id
  port            = 443
}

resource "alicloud_slb_listener" "classic" {
  load_balancer_id      = alicloud_slb_load_balancer.classic.id
  protocol              = "tcp"
  frontend_port         = 443
  bandwidth             = -1
  server_group_id       = alicloud_slb_server_group.classic.id
  health_check_interval = 1
  depends_on            = [alicloud_slb_server_group_server_attachment.classic]
}

resource "alicloud_nlb_load_balancer" "network" {
  address_type = "Internet"
  vpc_id       = alicloud_vpc.main.id

  dynamic "zone_mappings" {
    for_each = alicloud_vswitch.zone
    content {
      vswitch_id = zone_mappings.value.id
      zone_id    = zone_mappings.value.zone_id
    }
  }
}

resource "alicloud_nlb_server_group" "network" {
  server_group_name = "nodes"
  vpc_id            = alicloud_vpc.main.id

  health_check {
    health_check_enabled  = true
    health_check_interval = 1
  }
}

resource "alicloud_nlb_server_group_server_attachment" "network" {
  count           = 2
  server_group_id = alicloud_nlb_server_group.network.id
  server_id       = alicloud_instance.node[count.index].id
  server_type     = "Ecs"
  port            = 443
}

resource "alicloud_nlb_listener" "network" {
  load_balancer_id  = alicloud_nlb_load_balancer.network.id
  listener_protocol = "TCP"
  listener_port     = 443
  server_group_id   = alicloud_nlb_server_group.network.id
}

resource "alicloud_nas_file_system" "shared" {
  protocol_type = "NFS"
  storage_type  = "Performance"
}

resource "alicloud_nas_access_group" "shared" {
  access_group_name = "nodes"
  access_group_type = "Vpc"
}

# The first zone alone, so that a test sees the second refused.
resource "alicloud_nas_access_rule" "shared" {
  access_group_name = alicloud_nas_access_group.shared.access_group_name
  source_cidr_ip    = alicloud_vswitch.zone[0].cidr_block
}

resource "alicloud_nas_mount_target" "shared" {
  file_system_id    = alicloud_nas_file_system.shared.id
  vpc_id            = alicloud_vpc.main.id
  vswitch_id        = alicloud_vswitch.zone[0].id
  network_type      = "Vpc"
  access_group_name = alicloud_nas_access_group.shared.access_group_name
}

resource "alicloud_kvstore_instance" "redis" {
  instance_class = "redis.master.small.default"
  engine_version = "7.0"
  zone_id        = alicloud_vswitch.zone[0].zone_id
  vswitch_id     = alicloud_vswitch.zone[0].id
  password       = "Redis-of-the-test-1"
  security_ips   = [alicloud_vswitch.zone[0].cidr_block]
}

resource "alicloud_pvtz_zone" "private" {
  zone_name = "registry.test"
}

resource "alicloud_pvtz_zone_attachment" "private" {
  zone_id = alicloud_pvtz_zone.private.id
  vpc_ids = [alicloud_vpc.main.id]
}

resource "alicloud_pvtz_zone_record" "private" {
  zone_id = alicloud_pvtz_zone.private.id
  rr      = "harbor"
  type    = "A"
  value   = alicloud_slb_load_balancer.classic.address
}

output "jump" {
  value = alicloud_eip_address.jump.ip_address
}

output "nodes" {
  value = alicloud_instance.node[*].private_ip
}

output "disks" {
  value = alicloud_instance.node[*].system_disk_id
}

output "network" {
  value = alicloud_nlb_load_balancer.network.dns_name
}

output "share" {
  value = alicloud_nas_mount_target.shared.mount_target_domain
}

output "redis" {
  value = alicloud_kvstore_instance.redis.connection_domain
}
