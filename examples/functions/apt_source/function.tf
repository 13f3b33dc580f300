output "text" {
  value = provider::harbor::apt_source(jsonencode({
    uri        = "https://apt.postgresql.org/pub/repos/apt"
    suite      = "bookworm-pgdg"
    components = ["main"]
    signed_by  = "/etc/apt/keyrings/pgdg.asc"
  }))
}
