output "text" {
  value = provider::harbor::postgresql_conf(jsonencode({
    values = { max_connections = "300", shared_buffers = "2GB" }
  }))
}
