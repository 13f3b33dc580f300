output "text" {
  value = provider::harbor::standby_conf(jsonencode({
    host              = "10.0.1.11"
    user              = "replicator"
    passfile          = "/var/lib/postgresql/.pgpass"
    application_name  = "b"
    primary_slot_name = "breakwater"
  }))
}
