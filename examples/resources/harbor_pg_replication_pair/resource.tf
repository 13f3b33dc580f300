resource "harbor_pg_replication_pair" "db" {
  version = 15
  source  = "pgdg"
  primary = "a"

  nodes = {
    a = { ssh = { host = "10.0.1.11" } }
    b = { ssh = { host = "10.0.2.12" } }
  }

  settings = {
    max_connections = "300"
    shared_buffers  = "2GB"
  }

  # Harbor connects from both hosts, and on the primary's own host from its containers' network.
  client_rules = [
    { connection = "host", user = "harbor", address = "10.0.0.0/16" },
    { connection = "host", user = "harbor", address = "172.16.0.0/12" },
  ]
}

output "database_host" {
  value = harbor_pg_replication_pair.db.primary_host
}
