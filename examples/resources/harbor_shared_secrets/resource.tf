resource "harbor_shared_secrets" "shared" {
  harbor_version = "2.15.2"

  hosts = {
    a = { ssh = { host = "10.0.1.11" } }
    b = { ssh = { host = "10.0.2.12" } }
  }
}

# The secrets of a Harbor that runs on host a already are taken over, not made.
resource "harbor_shared_secrets" "adopted" {
  harbor_version = "2.3.2"
  directory      = "/etc/breakwater/secrets/old"

  hosts = {
    a = { ssh = { host = "10.0.3.11" } }
    b = { ssh = { host = "10.0.3.12" } }
  }

  adopt_from = {
    host        = "a"
    data_volume = "/data"
    directory   = "/opt/harbor"
  }
}
