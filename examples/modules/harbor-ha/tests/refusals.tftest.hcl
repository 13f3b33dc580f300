# What is refused before anything is made. OpenTofu reads this file too: its mocks read no other files and
# answer no plan, and nothing here needs that. The suites that do are in tests/terraform.

mock_provider "alicloud" {}

mock_provider "harbor" {}

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
  image_id          = "ubuntu_24_04_x64_1.vhd" # a mock finds none
}

run "a_name_that_is_too_long" {
  command = plan

  variables {
    name = "a-name-that-is-longer-than-resources-can-carry"
  }

  expect_failures = [var.name]
}

run "a_hostname_without_a_domain" {
  command = plan

  variables {
    hostname = "harbor"
  }

  expect_failures = [var.hostname]
}

run "one_zone" {
  command = plan

  variables {
    zones = ["cn-hangzhou-h"]
  }

  expect_failures = [var.zones]
}

run "the_same_zone_twice" {
  command = plan

  variables {
    zones = ["cn-hangzhou-h", "cn-hangzhou-h"]
  }

  expect_failures = [var.zones]
}

run "no_installer" {
  command = plan

  variables {
    installer = { sha256 = "00" }
  }

  expect_failures = [var.installer]
}

run "one_node" {
  command = plan

  variables {
    node_count = 1
  }

  expect_failures = [var.node_count]
}

run "too_small_a_network" {
  command = plan

  variables {
    vpc_cidr = "10.0.0.0/28"
  }

  expect_failures = [var.vpc_cidr]
}

run "one_vswitch_for_two_zones" {
  command = plan

  variables {
    existing_network = { vpc_id = "vpc-1", cidr_block = "10.0.0.0/8", vswitches = { cn-hangzhou-h = { id = "vsw-1", cidr_block = "10.1.0.0/16" } } }
  }

  expect_failures = [var.existing_network]
}

run "no_key" {
  command = plan

  variables {
    ssh_public_key = null
  }

  expect_failures = [var.ssh_public_key]
}

run "two_keys" {
  command = plan

  variables {
    key_pair_name = "mine"
  }

  expect_failures = [var.ssh_public_key]
}

run "an_unknown_access" {
  command = plan

  variables {
    access = "vpn"
  }

  expect_failures = [var.access]
}

run "ssh_for_the_whole_internet" {
  command = plan

  variables {
    ssh_sources = ["0.0.0.0/0"]
  }

  expect_failures = [var.ssh_sources]
}

run "public_nodes_without_sources" {
  command = plan

  variables {
    access = "public"
  }

  expect_failures = [var.ssh_sources]
}

run "a_client_that_is_no_network" {
  command = plan

  variables {
    client_cidrs = ["office"]
  }

  expect_failures = [var.client_cidrs]
}

run "no_node_left" {
  command = plan

  variables {
    drained_nodes = ["a", "b"]
  }

  expect_failures = [var.drained_nodes]
}

run "an_unknown_node_drained" {
  command = plan

  variables {
    drained_nodes = ["z"]
  }

  expect_failures = [var.drained_nodes]
}

run "a_small_disk" {
  command = plan

  variables {
    system_disk = { size = 20 }
  }

  expect_failures = [var.system_disk]
}

run "an_unknown_balancer" {
  command = plan

  variables {
    balancer = { type = "alb" }
  }

  expect_failures = [var.balancer]
}

run "no_persistence" {
  command = plan

  variables {
    balancer = { persistence = 0 }
  }

  expect_failures = [var.balancer]
}

run "an_nlb_with_a_spec" {
  command = plan

  variables {
    balancer = { type = "nlb", spec = "slb.s1.small" }
  }

  expect_failures = [var.balancer]
}

run "another_domain" {
  command = plan

  variables {
    dns = { domain = "example.org" }
  }

  expect_failures = [var.dns]
}

run "an_unknown_storage" {
  command = plan

  variables {
    storage = { type = "smb" }
  }

  expect_failures = [var.storage]
}

run "an_nfs_version_that_nas_has_not" {
  command = plan

  variables {
    storage = { nfs_version = "4.1" }
  }

  expect_failures = [var.storage]
}

run "oss_without_a_key" {
  command = plan

  variables {
    storage = { type = "oss", access_key_id = "key" }
  }

  expect_failures = [var.oss_access_key_secret]
}

run "no_redis_password" {
  command = plan

  variables {
    redis_password = null
  }

  expect_failures = [var.redis_password]
}

run "a_class_of_the_other_type" {
  command = plan

  variables {
    redis = { type = "tair", instance_class = "redis.master.small.default" }
  }

  expect_failures = [var.redis]
}

run "an_unknown_database" {
  command = plan

  variables {
    database = { type = "mysql" }
  }

  expect_failures = [var.database]
}

run "a_third_primary" {
  command = plan

  variables {
    database = { primary = "c" }
  }

  expect_failures = [var.database]
}

run "too_few_connections" {
  command = plan

  variables {
    database = { max_connections = 60 }
  }

  expect_failures = [var.database]
}

run "rds_without_a_password" {
  command = plan

  variables {
    database = { type = "rds" }
  }

  expect_failures = [var.rds_admin_password]
}

run "no_release" {
  command = plan

  variables {
    harbor_version = "latest"
  }

  expect_failures = [var.harbor_version]
}

run "a_bastion_without_keys" {
  command = plan

  variables {
    access      = "bastion"
    ssh_sources = ["198.51.100.7/32"]
  }

  expect_failures = [var.bastion_host_key, var.bastion_host_private_key]
}

run "tair_with_an_encrypted_password" {
  command = plan

  variables {
    redis              = { type = "tair" }
    redis_password     = null
    redis_kms_password = { ciphertext = "Y2lwaGVy" }
    redis_password_wo  = "Redis_1"
  }

  expect_failures = [var.redis_kms_password]
}

run "an_encrypted_password_that_the_nodes_do_not_know" {
  command = plan

  variables {
    redis_password     = null
    redis_kms_password = { ciphertext = "Y2lwaGVy" }
  }

  expect_failures = [var.redis_password_wo]
}
