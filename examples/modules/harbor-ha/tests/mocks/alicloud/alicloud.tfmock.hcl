# What the cloud would answer, where the module computes with it.

mock_data "alicloud_images" {
  defaults = { ids = ["ubuntu_24_04_x64_20G_alibase.vhd"] }
}

override_resource {
  target = alicloud_instance.node["a"]
  values = { id = "i-a", private_ip = "10.0.0.11", public_ip = "203.0.113.11" }
}

override_resource {
  target = alicloud_instance.node["b"]
  values = { id = "i-b", private_ip = "10.0.1.12", public_ip = "203.0.113.12" }
}

override_resource {
  target = alicloud_instance.node["c"]
  values = { id = "i-c", private_ip = "10.0.0.13", public_ip = "203.0.113.13" }
}

override_resource {
  target = alicloud_instance.node["d"]
  values = { id = "i-d", private_ip = "10.0.1.14", public_ip = "203.0.113.14" }
}

override_resource {
  target = alicloud_instance.node["e"]
  values = { id = "i-e", private_ip = "10.0.0.15", public_ip = "203.0.113.15" }
}

override_resource {
  target = alicloud_instance.bastion
  values = { private_ip = "10.0.0.5" }
}

mock_resource "alicloud_eip_address" {
  defaults = { ip_address = "203.0.113.200" }
}

mock_resource "alicloud_slb_load_balancer" {
  defaults = { address = "10.0.0.100" }
}

mock_resource "alicloud_nlb_load_balancer" {
  defaults = { dns_name = "nlb-example.cn-hangzhou.nlb.aliyuncs.com" }
}

mock_resource "alicloud_nas_mount_target" {
  defaults = { mount_target_domain = "example.cn-hangzhou.nas.aliyuncs.com" }
}

mock_resource "alicloud_oss_bucket" {
  defaults = { location = "oss-cn-hangzhou" }
}

mock_resource "alicloud_kvstore_instance" {
  defaults = { connection_domain = "r-example.redis.rds.aliyuncs.com", private_connection_port = "6379" }
}

mock_resource "alicloud_redis_tair_instance" {
  defaults = { connection_domain = "r-tair.redis.rds.aliyuncs.com" }
}

mock_resource "alicloud_db_instance" {
  defaults = { connection_string = "pgm-example.pg.rds.aliyuncs.com", port = "5432" }
}

override_resource {
  target = alicloud_security_group.node
  values = { id = "sg-node" }
}

override_resource {
  target = alicloud_security_group.bastion
  values = { id = "sg-bastion" }
}
