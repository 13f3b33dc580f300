output "text" {
  value = provider::harbor::mount_unit(jsonencode({
    server  = "nas.example.com"
    export  = "/harbor"
    path    = "/data/registry"
    purpose = "registry"
  }))
}
