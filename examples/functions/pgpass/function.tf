output "text" {
  sensitive = true
  value = provider::harbor::pgpass(jsonencode({
    entries = [
      { host = "10.0.1.11", port = 5432, database = "replication", user = "replicator", password = var.replication_password },
    ]
  }))
}

variable "replication_password" {
  type      = string
  sensitive = true
}
