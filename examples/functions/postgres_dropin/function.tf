output "text" {
  value = provider::harbor::postgres_dropin(jsonencode({
    paths = ["/srv/pgsql", "/srv/archive"]
  }))
}
