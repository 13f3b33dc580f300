mock_resource "harbor_pg_replication_pair" {
  defaults = {
    primary_host = "10.0.0.11"
    primary_ssh  = { host = "10.0.0.11", port = 22 }
  }
}

mock_resource "harbor_shared_secrets" {
  defaults = { directory = "/etc/breakwater/secrets/harbor" }
}
