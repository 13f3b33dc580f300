output "text" {
  sensitive = true
  value = provider::harbor::harbor_yml(jsonencode({
    release               = "2.15.2"
    hostname              = "harbor.example.com"
    harbor_admin_password = var.admin_password
    data_volume           = "/data"
    https                 = { certificate = "/opt/harbor/tls/server.crt", private_key = "/opt/harbor/tls/server.key" }
    external_database     = { host = "10.0.1.11", username = "harbor", password = var.database_password }
    external_redis        = { host = "10.0.4.10", password = var.redis_password }
  }))
}

variable "admin_password" {
  type      = string
  sensitive = true
}

variable "database_password" {
  type      = string
  sensitive = true
}

variable "redis_password" {
  type      = string
  sensitive = true
}
