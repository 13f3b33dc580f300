output "text" {
  value = provider::harbor::boot_unit(jsonencode({
    directory      = "/opt/harbor"
    mounts         = ["/data", "/data/registry"]
    compose_plugin = true
  }))
}
