output "text" {
  value = provider::harbor::createcluster_conf(jsonencode({}))
}
