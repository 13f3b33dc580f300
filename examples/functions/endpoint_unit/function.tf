output "text" {
  value = provider::harbor::endpoint_unit(jsonencode({
    address       = "10.255.255.254"
    configuration = "/etc/haproxy/breakwater-database.cfg"
    directory     = "breakwater-database"
  }))
}
