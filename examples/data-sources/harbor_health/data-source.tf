data "harbor_health" "registry" {
  hostname    = "harbor.example.com"
  certificate = file("${path.module}/harbor.crt")

  nodes = {
    a = { ssh = { host = "10.0.1.11" } }
    b = { ssh = { host = "10.0.2.12" } }
  }
}

check "registry" {
  assert {
    condition     = data.harbor_health.registry.healthy
    error_message = join("\n", data.harbor_health.registry.errors)
  }
}
