data "harbor_installation" "old" {
  ssh  = { host = "10.0.3.11" }
  path = "/data/harbor"
}

output "release" {
  value = data.harbor_installation.old.exists ? data.harbor_installation.old.release : "none"
}
