# In the pair that this configuration makes.
resource "harbor_external_db" "registry" {
  ssh                 = harbor_pg_replication_pair.db.primary_ssh
  harbor_version      = "2.15.2"
  password_wo         = var.database_password
  password_wo_version = 1
}

# In a server that a host of ours can reach, such as RDS.
resource "harbor_external_db" "rds" {
  ssh                 = { host = "10.0.1.11" }
  harbor_version      = "2.15.2"
  password_wo         = var.database_password
  password_wo_version = 1

  server = {
    host                      = "pgm-example.pg.rds.aliyuncs.com"
    admin_user                = "dba"
    admin_password_wo         = var.dba_password
    admin_password_wo_version = 1
  }
}

resource "harbor_pg_replication_pair" "db" {
  version = 15
  nodes = {
    a = { ssh = { host = "10.0.1.11" } }
    b = { ssh = { host = "10.0.2.12" } }
  }
}

variable "database_password" {
  type      = string
  ephemeral = true
  sensitive = true
}

variable "dba_password" {
  type      = string
  ephemeral = true
  sensitive = true
}
