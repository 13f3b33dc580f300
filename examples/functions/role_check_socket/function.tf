output "text" {
  value = provider::harbor::role_check_socket(jsonencode({
    address    = "10.0.1.11"
    check_port = 8008
    port       = 5432
    data       = "/var/lib/postgresql/15/main"
    psql       = "/usr/lib/postgresql/15/bin/psql"
    options    = "-c search_path=pg_catalog,pg_temp"
    script     = "/usr/local/lib/breakwater/role-15-main"
  }))
}
