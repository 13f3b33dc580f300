output "text" {
  value = provider::harbor::docker_dropin(jsonencode({
    mounts      = ["/data/registry"]
    environment = { HTTPS_PROXY = "http://proxy.example.com:3128", NO_PROXY = "10.0.0.0/8,.example.com" }
  }))
}
