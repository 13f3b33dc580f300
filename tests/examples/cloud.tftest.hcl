# The module against the stand-in cloud, which refuses what the real one would: applied with its
# switches one way and the other, and destroyed in the order of the graph. It is not in the module's
# own tests, where it would make real resources.

provider "alicloud" {
  region = "cn-hangzhou"
}

mock_provider "harbor" {
  source = "./tests/mocks/harbor"
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

  # A test of Terraform 1.11 that applies must set each ephemeral variable.
  admin_old_password    = "Admin-0"
  oss_access_key_secret = "secret"
  redis_password_wo     = "Redis_1"
  rds_admin_password_wo = "Admin-of-RDS-1"
}

run "the_shortest_call" {
  assert {
    condition     = alicloud_kvstore_instance.this[0].connection_domain != "" && output.storage != ""
    error_message = "Redis and storage must be there."
  }
}

run "one_node_more_larger_machines" {
  variables {
    node_count     = 3
    instance_types = { a = "ecs.c7.xlarge" }
    drained_nodes  = ["b"]
  }

  assert {
    condition     = alicloud_instance.node["a"].id == run.the_shortest_call.nodes["a"].instance_id && alicloud_instance.node["b"].private_ip == run.the_shortest_call.nodes["b"].private_ip
    error_message = "Instances must be changed in place."
  }
}

run "everything_managed_behind_a_bastion" {
  variables {
    access                   = "bastion"
    ssh_sources              = ["198.51.100.7/32"]
    bastion_host_key         = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBastionBastionBastionBastionBastionBastionBa"
    bastion_host_private_key = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n"
    balancer                 = { type = "nlb", public = true }
    dns                      = { type = "public" }
    storage                  = { type = "oss" }
    redis                    = { type = "tair", multi_zone = true }
    database                 = { type = "rds" }
    rds_admin_password       = "Admin-of-RDS-1"
    system_disk              = { size = 100 }
  }

  assert {
    condition     = can(cidrhost("${output.bastions[0].host}/32", 0)) && output.database.type == "rds"
    error_message = "The bastion must have an address."
  }
  assert {
    condition     = length(split(",", alicloud_db_instance.this[0].vswitch_id)) == 2
    error_message = "RDS must have a vSwitch for its standby too."
  }
}
