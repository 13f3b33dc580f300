output "text" {
  value = provider::harbor::pg_hba(jsonencode({
    rules = [
      { connection = "hostssl", databases = ["replication"], users = ["replicator"], address = "10.0.2.12", method = "scram-sha-256" },
      { connection = "host", databases = ["registry"], users = ["harbor"], address = "10.0.0.0/16", method = "scram-sha-256" },
    ]
  }))
}
