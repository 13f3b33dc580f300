mock_resource "harbor_pg_replication_pair" {
  defaults = {
    primary_host = "10.0.0.11"
    # What a mock makes up is no host key, and our provider judges it also behind a mock.
    primary_ssh = {
      host     = "10.0.0.11"
      port     = 22
      host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN7SLmpASG5Ae+o8k5VtGasxmk2+4ZzAZV8DO+DziNPI"
    }
  }
}

mock_resource "harbor_shared_secrets" {
  defaults = { directory = "/etc/breakwater/secrets/harbor" }
}
