output "text" {
  value = provider::harbor::archive_script(jsonencode({
    directory = "/srv/archive"
    member    = "a"
  }))
}
