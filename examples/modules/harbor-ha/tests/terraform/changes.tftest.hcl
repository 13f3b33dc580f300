# One change after the other, applied: what must stay as it is.

mock_provider "alicloud" {
  source = "./tests/mocks/alicloud"
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

  # Not used here; but a test of Terraform 1.11 that applies must set each ephemeral variable.
  admin_old_password    = "Admin-0"
  oss_access_key_secret = "secret"
  redis_password_wo     = "Redis_1"
  rds_admin_password_wo = "Admin-of-RDS-1"
}

run "first_image" {
  variables {
    image_id = "ubuntu_24_04_x64_1.vhd"
  }

  assert {
    condition     = output.url == "https://harbor.example.com" && output.bastions == [] && output.load_balancer.address == "10.0.0.100"
    error_message = "The outputs must say where the registry is."
  }
}

# A change would wipe the system disk in place: same id, same address, and nothing planned again.
run "a_new_image_wipes_no_disk" {
  variables {
    image_id = "ubuntu_24_04_x64_2.vhd"
  }

  assert {
    condition     = alltrue([for node in alicloud_instance.node : node.image_id == "ubuntu_24_04_x64_1.vhd"])
    error_message = "An instance that runs must keep its image."
  }
  assert {
    condition     = alltrue([for name, node in alicloud_instance.node : node.id == run.first_image.nodes[name].instance_id])
    error_message = "It must be the same instance."
  }
}

# The newest image is looked up, so this would happen by itself.
run "nor_does_a_newer_one_that_is_found" {
  assert {
    condition     = alltrue([for node in alicloud_instance.node : node.image_id == "ubuntu_24_04_x64_1.vhd"])
    error_message = "An instance that runs must keep its image."
  }
}

# "Running" says nothing about SSH. No time is waited: the provider tries for its boot_timeout. But
# the way must be there before it tries, for every node.
run "running_is_not_reachable" {
  assert {
    condition     = keys(terraform_data.reachable.input) == ["a", "b"]
    error_message = "What goes by SSH must wait for each instance."
  }
}

run "both_serve" {
  assert {
    condition     = length(alicloud_slb_server_group_server_attachment.node) == 2
    error_message = "Both nodes must be attached."
  }
}

# A weight cannot be changed in place on a CLB: the other attachment must not be touched.
run "a_clb_drains_a_node_without_touching_the_other" {
  variables {
    drained_nodes = ["b"]
  }

  assert {
    condition     = keys(alicloud_slb_server_group_server_attachment.node) == ["a"]
    error_message = "Only b must be taken out."
  }
  assert {
    condition     = length(harbor_ha_node.node) == 2
    error_message = "The node itself must stay."
  }
}
