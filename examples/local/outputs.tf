output "health" {
  description = "Health of each node, by its own API."
  value       = { for name, node in harbor_ha_node.node : name => node.healthy }
}

output "replication" {
  description = "The PostgreSQL pair."
  value = {
    primary           = harbor_pg_replication_pair.db.current_primary
    standby           = harbor_pg_replication_pair.db.standby_state
    timeline          = harbor_pg_replication_pair.db.timeline
    system_identifier = harbor_pg_replication_pair.db.system_identifier
  }
}

output "url" {
  description = "Harbor, behind the load balancer."
  value       = harbor_ha_node.node["a"].url
}
