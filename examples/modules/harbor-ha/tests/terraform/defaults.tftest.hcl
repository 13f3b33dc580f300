# The shortest call.

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

run "network" {
  command = plan

  assert {
    condition     = keys(alicloud_vswitch.this) == ["cn-hangzhou-h", "cn-hangzhou-i"]
    error_message = "There must be a vSwitch in each zone."
  }
  assert {
    condition     = alicloud_vswitch.this["cn-hangzhou-i"].cidr_block == "10.0.1.0/24"
    error_message = "Each zone must have a part of the VPC."
  }
  assert {
    condition     = keys(alicloud_snat_entry.this) == ["cn-hangzhou-h", "cn-hangzhou-i"]
    error_message = "Nodes of every zone must have a way out."
  }
}

run "two_nodes_in_two_zones_that_the_internet_does_not_reach" {
  command = plan

  assert {
    condition     = keys(harbor_ha_node.node) == ["a", "b"] && keys(alicloud_instance.node) == ["a", "b"]
    error_message = "There must be two nodes."
  }
  assert {
    condition     = output.nodes["a"].zone != output.nodes["b"].zone
    error_message = "They must be in two zones."
  }
  assert {
    condition     = alltrue([for node in alicloud_instance.node : node.internet_max_bandwidth_out == 0])
    error_message = "They must have no public address."
  }
  assert {
    condition     = alltrue([for rule in alicloud_security_group_rule.ssh : rule.cidr_ip == "10.0.0.0/16" && rule.port_range == "22/22"])
    error_message = "SSH must be open to the VPC alone."
  }
  assert {
    condition     = alicloud_security_group.node.inner_access_policy == "Drop"
    error_message = "Members of the group must not reach each other on every port."
  }
  assert {
    condition = toset([for rule in concat(
      values(alicloud_security_group_rule.https), values(alicloud_security_group_rule.ssh), alicloud_security_group_rule.postgresql,
    ) : rule.port_range]) == toset(["443/443", "22/22", "5432/5432"])
    error_message = "No other port may be open."
  }
}

run "load_balancer" {
  command = plan

  assert {
    condition     = alicloud_slb_load_balancer.this[0].address_type == "intranet"
    error_message = "It must be internal."
  }
  assert {
    condition = (
      alicloud_slb_listener.this[0].protocol == "tcp" && alicloud_slb_listener.this[0].frontend_port == 443
      && alicloud_slb_listener.this[0].health_check == "on" && alicloud_slb_listener.this[0].persistence_timeout > 0
    )
    error_message = "TCP 443 with health check and source-address persistence."
  }
  assert {
    condition     = keys(alicloud_slb_server_group_server_attachment.node) == ["a", "b"]
    error_message = "Both nodes must be attached."
  }
  assert {
    condition     = alicloud_pvtz_zone.this[0].zone_name == "example.com" && alicloud_pvtz_zone_record.this[0].rr == "harbor" && alicloud_pvtz_zone_record.this[0].value == "10.0.0.100"
    error_message = "The hostname must lead to it inside the VPC."
  }
  assert {
    condition     = alicloud_pvtz_zone.this[0].proxy_pattern == "RECORD"
    error_message = "Other names of the domain must still be found outside."
  }
}

run "storage_redis_database" {
  command = plan

  assert {
    condition     = harbor_ha_node.node["b"].storage.shared.nfs == "example.cn-hangzhou.nas.aliyuncs.com:/"
    error_message = "Both nodes must mount the NAS."
  }
  assert {
    condition     = harbor_ha_node.node["a"].redis.host == "r-example.redis.rds.aliyuncs.com" && harbor_ha_node.node["a"].redis.port == 6379
    error_message = "Redis must be the cloud's; its port is a number."
  }
  assert {
    condition     = harbor_ha_node.node["a"].database.host == harbor_pg_replication_pair.this[0].primary_host
    error_message = "The database must be the pair's primary."
  }
  assert {
    condition     = harbor_ha_node.node["a"].shared_secrets == harbor_shared_secrets.this.directory && toset(keys(harbor_shared_secrets.this.hosts)) == toset(["a", "b"])
    error_message = "Both nodes must have the same secrets."
  }
  assert {
    condition     = contains(harbor_pg_replication_pair.this[0].client_rules[*].address, "10.0.0.11/32") && contains(harbor_pg_replication_pair.this[0].client_rules[*].address, "172.16.0.0/12")
    error_message = "Nodes, and the containers beside the primary, must be let in."
  }
  assert {
    condition     = harbor_ha_node.node["a"].database.max_open_conns * 3 * 2 <= 300 - 40
    error_message = "The pools of all nodes must fit into max_connections."
  }
}
