# What goes wrong with this cloud unless somebody thinks of it.

mock_provider "alicloud" {
  source          = "./tests/mocks/alicloud"
  override_during = plan
}

mock_provider "harbor" {
  source          = "./tests/mocks/harbor"
  override_during = plan
}

variables {
  name              = "registry"
  hostname          = "harbor.example.com"
  zones             = ["cn-hangzhou-h", "cn-hangzhou-i"]
  ssh_public_key    = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5gAGlnLTrM4q8p0eVzFsM8LxFoXhJ5p1uZ4tL0o8Yq test"
  installer         = { url = "https://downloads.example.com/harbor.tgz", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
  certificate       = <<-EOT
    -----BEGIN CERTIFICATE-----
    MIIBbDCCAROgAwIBAgIUfJCDY/XSbTTRSW4cBTArXvd4wFMwCgYIKoZIzj0EAwIw
    HTEbMBkGA1UEAwwSaGFyYm9yLmV4YW1wbGUuY29tMCAXDTIwMDEwMTAwMDAwMFoY
    DzIxMjAwMTAxMDAwMDAwWjAdMRswGQYDVQQDDBJoYXJib3IuZXhhbXBsZS5jb20w
    WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARg0GiyODCkUQEowyDbOActOO5OgDJX
    1SC0f5yJ+V4O3ZVXW7pYO79HGjJIKn++UVM3GkajnfLwrXeOQN4U/3ZXoy8wLTAM
    BgNVHRMBAf8EAjAAMB0GA1UdEQQWMBSCEmhhcmJvci5leGFtcGxlLmNvbTAKBggq
    hkjOPQQDAgNHADBEAiA0Wd4Agvj4SlAbWx22x/V4UJJB8KLQlODGKA7oyjE7PwIg
    RRDCFrAP+2l/MMGGekk++tOqQ5S4sg1wVH+MaOZxbqk=
    -----END CERTIFICATE-----
  EOT
  private_key       = <<-EOT
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgg6uQeFTHaaLfFVBZ
    4XavzlhXnOg0lrVlxYaLurNtpAehRANCAARg0GiyODCkUQEowyDbOActOO5OgDJX
    1SC0f5yJ+V4O3ZVXW7pYO79HGjJIKn++UVM3GkajnfLwrXeOQN4U/3ZX
    -----END PRIVATE KEY-----
  EOT
  admin_password    = "Admin-1"
  database_password = "Database-1"
  redis_password    = "Redis_1"
}

run "no_image" {
  command = plan

  override_data {
    target = data.alicloud_images.ubuntu
    values = { ids = [] }
  }

  expect_failures = [alicloud_instance.node]
}

# The order of both is in the graph; see order.txt.
run "nas" {
  command = plan

  assert {
    condition     = alicloud_nas_file_system.this[0].vpc_id == null && alicloud_nas_file_system.this[0].vswitch_id == null
    error_message = "A standard file system with a VPC would be replaced by each apply."
  }
  assert {
    condition     = keys(alicloud_nas_access_rule.node) == ["10.0.0.0/24", "10.0.1.0/24"]
    error_message = "Only the nodes' vSwitches may mount it."
  }
  assert {
    condition     = harbor_ha_node.node["a"].storage.shared.nfs_version == "4.0"
    error_message = "Several clients change one file: NFS 4.0."
  }
}

run "health_checks_of_a_clb_come_from_the_clouds_own_range" {
  command = plan

  assert {
    condition     = alicloud_security_group_rule.https["100.64.0.0/10"].port_range == "443/443"
    error_message = "The security group must let them in."
  }
  assert {
    condition     = alicloud_slb_listener.this[0].health_check_connect_port == 443
    error_message = "They must come to the port that is open."
  }
}

run "an_nlb_drains_in_place" {
  command = plan

  variables {
    balancer      = { type = "nlb" }
    drained_nodes = ["b"]
  }

  assert {
    condition     = alicloud_nlb_server_group_server_attachment.node["b"].weight == 0 && alicloud_nlb_server_group_server_attachment.node["a"].weight == 100
    error_message = "An NLB drains by weight."
  }
}

run "a_node_reaches_its_own_name" {
  command = plan

  assert {
    condition     = strcontains(alicloud_instance.node["a"].user_data, "127.0.0.1 harbor.example.com")
    error_message = "A node may not reach itself through the load balancer: the name must be itself."
  }
}

run "redis_is_a_standard_one" {
  command = plan

  assert {
    condition     = alicloud_kvstore_instance.this[0].payment_type == "PostPaid" && startswith(alicloud_kvstore_instance.this[0].instance_class, "redis.master.")
    error_message = "PrePaid would be forgotten and not destroyed; a cluster would not work."
  }
  assert {
    condition     = alicloud_kvstore_instance.this[0].security_group_id == "sg-node"
    error_message = "Only the nodes may use it."
  }
}

run "redis_cluster" {
  command = plan

  variables {
    redis = { instance_class = "redis.shard.small.ce" }
  }

  expect_failures = [var.redis]
}

run "redis_cluster_of_the_older_kind" {
  command = plan

  variables {
    redis = { instance_class = "redis.logic.sharding.2g.4db.0rodb.8proxy.default" }
  }

  expect_failures = [var.redis]
}

run "tair_with_a_proxy" {
  command = plan

  variables {
    redis = { type = "tair", instance_class = "tair.rdb.with.proxy.1g" }
  }

  expect_failures = [var.redis]
}

run "a_class_that_turns_out_to_be_a_cluster" {
  command = plan

  override_resource {
    target          = alicloud_kvstore_instance.this
    override_during = plan
    values          = { shard_count = 2 }
  }

  expect_failures = [alicloud_kvstore_instance.this]
}

run "a_standard_class_of_the_cloud_native_kind" {
  command = plan

  variables {
    redis = { instance_class = "redis.shard.small.2.ce", engine_version = "7.0" }
  }

  assert {
    condition     = alicloud_kvstore_instance.this[0].instance_class == "redis.shard.small.2.ce"
    error_message = "It is no cluster."
  }
}
