variable "nodes" {
  description = "The two hosts, by name: address and public host key. Both are reached over SSH as root."
  type = map(object({
    address  = string
    host_key = string
  }))

  validation {
    condition     = length(var.nodes) == 2 && contains(keys(var.nodes), "a") && contains(keys(var.nodes), "b")
    error_message = "Exactly two nodes are needed, with the names a and b."
  }
}

variable "ssh_private_key_path" {
  description = "Path of the private key that both hosts accept."
  type        = string
}

variable "hostname" {
  description = "The name that clients use; it leads to the load balancer."
  type        = string
}

variable "certificate" {
  description = "TLS certificate of that name, PEM."
  type        = string
}

variable "private_key" {
  description = "Its private key, PEM."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "harbor_version" {
  description = "Harbor's release."
  type        = string
  default     = "2.15.2"
}

variable "installer_path" {
  description = "Path of Harbor's offline installer on this machine."
  type        = string
}

variable "installer_sha256" {
  description = "Its SHA-256."
  type        = string
}

variable "postgresql_version" {
  description = "PostgreSQL's major version."
  type        = number
  default     = 15
}

variable "redis" {
  description = "Where Redis is."
  type = object({
    host = string
    port = number
  })
}

variable "shared_folder" {
  description = "The shared folder on both hosts, for the registry's blobs."
  type        = string
}

variable "registry_mirrors" {
  description = "Registry mirrors of Docker on both nodes."
  type        = list(string)
  default     = ["https://mirror.gcr.io"]
}

variable "harbor_admin_password" {
  description = "Password of Harbor's admin."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "database_password" {
  description = "Password of Harbor's database role."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "redis_password" {
  description = "Password of Redis."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "role_check_port" {
  description = "Port at which each host says whether its PostgreSQL is the primary, such as 8008. The database endpoint needs it: set it no later, and take it away no sooner."
  type        = number
  default     = null
}

variable "database_endpoint" {
  description = "Whether each node has an endpoint of its own in front of the two PostgreSQL servers. Then a change of roles touches no node."
  type        = bool
  default     = false

  validation {
    condition     = !var.database_endpoint || var.role_check_port != null
    error_message = "The endpoint finds the primary by role_check_port, which must be set."
  }
}
