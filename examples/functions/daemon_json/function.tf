output "text" {
  value = provider::harbor::daemon_json(jsonencode({
    registry_mirrors    = ["https://mirror.example.com"]
    insecure_registries = ["10.0.5.5:5000"]
  }))
}
