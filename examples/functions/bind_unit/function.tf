output "text" {
  value = provider::harbor::bind_unit(jsonencode({
    source = "/srv/nas/harbor"
    path   = "/data/registry"
  }))
}
