data "harbor_pg_status" "db" {
  nodes = {
    a = { ssh = { host = "10.0.1.11" } }
    b = { ssh = { host = "10.0.2.12" } }
  }
}

check "replication" {
  assert {
    condition     = data.harbor_pg_status.db.replicating
    error_message = join("\n", data.harbor_pg_status.db.errors)
  }
}
