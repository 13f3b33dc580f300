# What changes by a variable alone.

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

run "nlb" {
  command = plan

  variables {
    balancer = { type = "nlb", public = true }
    dns      = { type = "public" }
  }

  assert {
    condition     = length(alicloud_slb_load_balancer.this) == 0 && length(alicloud_slb_server_group_server_attachment.node) == 0
    error_message = "There must be no CLB."
  }
  assert {
    condition     = alicloud_nlb_load_balancer.this[0].address_type == "Internet" && toset(alicloud_nlb_load_balancer.this[0].zone_mappings[*].zone_id) == toset(var.zones)
    error_message = "The NLB must be public, in two zones."
  }
  assert {
    condition     = alicloud_nlb_server_group.this[0].scheduler == "Sch" && alicloud_nlb_server_group.this[0].health_check[0].health_check_enabled
    error_message = "It must keep a client on its node, and check the nodes."
  }
  assert {
    condition     = keys(alicloud_security_group_rule.https) == ["0.0.0.0/0", "10.0.0.0/24", "10.0.1.0/24"]
    error_message = "Everybody may use a public registry; an NLB checks from its addresses in the vSwitches."
  }
  assert {
    condition     = alicloud_alidns_record.this[0].type == "CNAME" && alicloud_alidns_record.this[0].value == "nlb-example.cn-hangzhou.nlb.aliyuncs.com"
    error_message = "The public record must lead to the NLB's name."
  }
}

run "clb_by_specification_for_named_clients" {
  command = plan

  variables {
    balancer     = { public = true, spec = "slb.s1.small", bandwidth = 10 }
    client_cidrs = ["203.0.113.0/24"]
    dns          = { type = "none" }
  }

  assert {
    condition     = alicloud_slb_load_balancer.this[0].instance_charge_type == "PayBySpec" && alicloud_slb_load_balancer.this[0].vswitch_id == null
    error_message = "A public CLB by specification has no vSwitch."
  }
  assert {
    condition     = keys(alicloud_security_group_rule.https) == ["100.64.0.0/10", "203.0.113.0/24"]
    error_message = "Only the named clients may use the registry, beside the health checks."
  }
  assert {
    condition     = length(alicloud_pvtz_zone.this) + length(alicloud_alidns_record.this) == 0
    error_message = "There must be no record."
  }
}

run "oss" {
  command = plan

  variables {
    storage = { type = "oss" }
  }

  assert {
    condition     = length(alicloud_nas_file_system.this) + length(alicloud_nas_mount_target.this) + length(alicloud_nas_access_rule.node) == 0
    error_message = "There must be no NAS."
  }
  assert {
    condition     = harbor_ha_node.node["a"].storage.driver == "oss" && harbor_ha_node.node["a"].storage.shared == null && harbor_ha_node.node["a"].storage.redirect_disabled
    error_message = "Layers must be in OSS, and clients must not be sent to the VPC's address of it."
  }
  assert {
    condition     = harbor_ha_node.node["a"].storage.parameters.region == "oss-cn-hangzhou" && harbor_ha_node.node["a"].storage.parameters.bucket == "registry-layers"
    error_message = "The nodes must know the bucket."
  }
  assert {
    condition     = alicloud_oss_bucket_acl.this[0].acl == "private"
    error_message = "The bucket must be private."
  }
  assert {
    condition     = alltrue([for resource in jsondecode(alicloud_ram_policy.this[0].policy_document).Statement[0].Resource : strcontains(resource, ":registry-layers")])
    error_message = "Its user may reach nothing but the bucket."
  }
}

run "oss_with_a_key_that_is_given" {
  command = plan

  variables {
    storage               = { type = "oss", access_key_id = "key", bucket = "layers-example" }
    oss_access_key_secret = "secret"
  }

  assert {
    condition     = length(alicloud_ram_user.this) + length(alicloud_ram_access_key.this) == 0
    error_message = "No user may be made."
  }
  assert {
    condition     = harbor_ha_node.node["a"].storage.parameters.accesskeyid == "key"
    error_message = "The nodes must use the given key."
  }
}

run "tair" {
  command = plan

  variables {
    redis = { type = "tair", instance_class = "tair.scm.standard.1m.4d", multi_zone = true }
  }

  assert {
    condition     = length(alicloud_kvstore_instance.this) == 0 && alicloud_redis_tair_instance.this[0].instance_type == "tair_scm"
    error_message = "It must be Tair, of the kind that its class says."
  }
  assert {
    condition     = alicloud_redis_tair_instance.this[0].secondary_zone_id == "cn-hangzhou-i"
    error_message = "The replica must be in the second zone."
  }
  assert {
    condition     = harbor_ha_node.node["a"].redis.host == "r-tair.redis.rds.aliyuncs.com"
    error_message = "The nodes must use it."
  }
}

run "redis_password_by_kms" {
  command = plan

  variables {
    redis_password     = null
    redis_kms_password = { ciphertext = "Y2lwaGVy", context = { name = "registry" } }
    redis_password_wo  = "Redis_1"
  }

  assert {
    condition     = alicloud_kvstore_instance.this[0].password == null && alicloud_kvstore_instance.this[0].kms_encrypted_password == "Y2lwaGVy"
    error_message = "The password itself must not reach the state."
  }
}

run "rds" {
  command = plan

  variables {
    database           = { type = "rds" }
    rds_admin_password = "Admin-of-RDS-1"
  }

  assert {
    condition     = length(harbor_pg_replication_pair.this) == 0 && length(alicloud_security_group_rule.postgresql) == 0
    error_message = "There must be no pair."
  }
  assert {
    condition     = harbor_external_db.this.server.host == "pgm-example.pg.rds.aliyuncs.com" && harbor_external_db.this.ssh.host == "10.0.0.11"
    error_message = "Harbor's databases must be made in RDS, through a node."
  }
  assert {
    condition     = harbor_ha_node.node["b"].database.host == "pgm-example.pg.rds.aliyuncs.com" && harbor_ha_node.node["b"].database.ssl_mode == "require"
    error_message = "The nodes must use it, encrypted."
  }
  assert {
    condition     = alicloud_db_instance.this[0].zone_id_slave_a == "cn-hangzhou-i"
    error_message = "Its standby must be in the second zone."
  }
}

run "five_nodes" {
  command = plan

  variables {
    node_count = 5
  }

  assert {
    condition     = keys(harbor_ha_node.node) == ["a", "b", "c", "d", "e"] && toset(keys(harbor_shared_secrets.this.hosts)) == toset(keys(harbor_ha_node.node))
    error_message = "There must be five nodes, which share their secrets."
  }
  assert {
    condition     = length(alicloud_slb_server_group_server_attachment.node) == 5
    error_message = "Each must serve."
  }
  assert {
    condition     = harbor_ha_node.node["e"].database.max_open_conns * 3 * 5 <= 300 - 40
    error_message = "The pools of all nodes must fit into max_connections."
  }
  assert {
    condition     = harbor_ha_node.node["e"].database.max_idle_conns <= harbor_ha_node.node["e"].database.max_open_conns
    error_message = "There cannot be more idle connections than connections."
  }
}

run "one_node_of_another_size" {
  command = plan

  variables {
    instance_types = { b = "ecs.c7.xlarge" }
  }

  assert {
    condition     = alicloud_instance.node["b"].instance_type == "ecs.c7.xlarge" && alicloud_instance.node["a"].instance_type == "ecs.c7.large"
    error_message = "Only b must change: both at once would be an outage."
  }
}

run "bastion" {
  command = plan

  variables {
    access                   = "bastion"
    ssh_sources              = ["198.51.100.7/32"]
    bastion_host_key         = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBastionBastionBastionBastionBastionBastionBa bastion\n"
    bastion_host_private_key = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n"
  }

  assert {
    condition     = output.bastions == [{ host = "203.0.113.200", user = "root", host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBastionBastionBastionBastionBastionBastionBa" }]
    error_message = "The provider block must get its public address and its host key."
  }
  assert {
    condition     = length(alicloud_security_group_rule.ssh) == 0 && alicloud_security_group_rule.ssh_from_bastion[0].source_security_group_id == alicloud_security_group.bastion[0].id
    error_message = "The nodes must answer SSH of the bastion alone."
  }
  assert {
    condition     = keys(alicloud_security_group_rule.bastion_ssh) == ["198.51.100.7/32"]
    error_message = "The bastion must answer SSH of the named networks alone."
  }
  assert {
    condition     = yamldecode(alicloud_instance.bastion[0].user_data).ssh_keys.ed25519_public == output.bastions[0].host_key
    error_message = "The bastion must have the host key that was given."
  }
  assert {
    condition     = output.nodes["a"].ssh.host == "10.0.0.11"
    error_message = "The nodes are reached by their private addresses."
  }
}

run "bastion_without_a_public_address" {
  command = plan

  variables {
    access                   = "bastion"
    bastion                  = { public = false }
    bastion_host_key         = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBastionBastionBastionBastionBastionBastionBa"
    bastion_host_private_key = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n"
  }

  assert {
    condition     = length(alicloud_eip_address.bastion) == 0 && output.bastions[0].host == "10.0.0.5"
    error_message = "It must be reached by its private address."
  }
}

run "public_nodes" {
  command = plan

  variables {
    access      = "public"
    ssh_sources = ["198.51.100.7/32"]
    credential  = "ops"
    host_keys   = { b = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN7SLmpASG5Ae+o8k5VtGasxmk2+4ZzAZV8DO+DziNPI" }
  }

  assert {
    condition     = output.nodes["a"].ssh.host == "203.0.113.11" && alicloud_instance.node["a"].internet_max_bandwidth_out == 10
    error_message = "Terraform must reach the nodes by their public addresses."
  }
  assert {
    condition     = harbor_pg_replication_pair.this[0].nodes.a.address == "10.0.0.11"
    error_message = "Replication must stay inside the VPC."
  }
  assert {
    condition     = length(alicloud_nat_gateway.this) == 0
    error_message = "They need no NAT gateway."
  }
  assert {
    condition     = harbor_ha_node.node["a"].ssh.credential == "ops" && harbor_ha_node.node["a"].ssh.host_key == null && harbor_ha_node.node["b"].ssh.host_key == "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN7SLmpASG5Ae+o8k5VtGasxmk2+4ZzAZV8DO+DziNPI"
    error_message = "Credential and host keys must reach the resources."
  }
}

run "existing_vpc" {
  command = plan

  variables {
    existing_network = { vpc_id = "vpc-1", cidr_block = "192.168.0.0/16", vswitches = { cn-hangzhou-h = { id = "vsw-h", cidr_block = "192.168.1.0/24" }, cn-hangzhou-i = { id = "vsw-i", cidr_block = "192.168.2.0/24" } } }
  }

  assert {
    condition     = length(alicloud_vpc.this) + length(alicloud_vswitch.this) + length(alicloud_nat_gateway.this) == 0
    error_message = "Nothing of the network may be made."
  }
  assert {
    condition     = alicloud_instance.node["b"].vswitch_id == "vsw-i" && alicloud_security_group.node.vpc_id == "vpc-1"
    error_message = "The nodes must be in the given network."
  }
  assert {
    condition     = contains(keys(alicloud_security_group_rule.https), "192.168.0.0/16") && keys(alicloud_nas_access_rule.node) == ["192.168.1.0/24", "192.168.2.0/24"]
    error_message = "Clients come from the given network, and the NAS is for its vSwitches."
  }
}

run "deletion_protection" {
  command = plan

  variables {
    deletion_protection = true
  }

  assert {
    condition = alltrue([
      alicloud_instance.node["a"].deletion_protection, alicloud_instance.node["b"].deletion_protection,
      alicloud_slb_load_balancer.this[0].delete_protection == "on",
      alicloud_kvstore_instance.this[0].instance_release_protection,
    ])
    error_message = "Nothing that holds data or serves may be deletable."
  }
}

run "old_release" {
  command = plan

  variables {
    harbor_version = "2.3.2"
  }

  assert {
    condition     = harbor_ha_node.node["a"].jobservice.job_loggers == null
    error_message = "Releases before 2.9 know no job_loggers."
  }
}
