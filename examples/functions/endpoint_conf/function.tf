output "text" {
  value = provider::harbor::endpoint_conf(jsonencode({
    address = "10.255.255.254"
    port    = 5433
    socket  = "/run/breakwater-database/haproxy.sock"
    servers = {
      a = { address = "10.0.1.21", port = 5432, check_port = 8008 }
      b = { address = "10.0.2.22", port = 5432, check_port = 8008 }
    }
  }))
}
