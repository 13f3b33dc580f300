# On each host of a Harbor node. The servers are the two hosts of the pair, whichever is the primary.
resource "harbor_database_endpoint" "a" {
  ssh = { host = "10.0.1.11" }

  servers = {
    a = { address = "10.0.1.21" }
    b = { address = "10.0.2.22" }
  }

  # When it is taken away again, the nodes leave it before it goes.
  lifecycle {
    create_before_destroy = true
  }
}

# The node's database is the endpoint, and stays so when the roles change:
#
#   database = {
#     host = harbor_database_endpoint.a.address
#     port = harbor_database_endpoint.a.port
#   }
