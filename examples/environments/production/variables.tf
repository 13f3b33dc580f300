variable "region" {
  description = "Region of Alibaba Cloud."
  type        = string
  default     = "cn-hangzhou"
}

variable "zones" {
  description = "Two or more zones of the region."
  type        = list(string)
  default     = ["cn-hangzhou-h", "cn-hangzhou-i"]
}

variable "hostname" {
  description = "The name that clients use."
  type        = string
}

variable "installer" {
  description = "Harbor's offline installer: url or path, and sha256."
  type = object({
    url    = optional(string)
    path   = optional(string)
    sha256 = string
  })
}

variable "ssh_public_key" {
  description = "Public key that root on the hosts accepts."
  type        = string
}

variable "ssh_private_key_path" {
  description = "Path of its private key on the machine that runs Terraform."
  type        = string
  default     = "~/.ssh/id_ed25519"
}

variable "ssh_sources" {
  description = "Networks from which Terraform comes."
  type        = set(string)
}

variable "certificate" {
  description = "TLS certificate chain of the hostname, PEM."
  type        = string
}

variable "private_key" {
  description = "Its private key, PEM."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "admin_password" {
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
  description = "Password of Redis; the cloud's provider keeps it in the state."
  type        = string
  sensitive   = true
}

variable "bastion_host_key" {
  description = "Public host key of the bastion."
  type        = string
}

variable "bastion_host_private_key" {
  description = "Its private half."
  type        = string
  sensitive   = true
}

variable "harbor_version" {
  description = "Harbor's release."
  type        = string
  default     = "2.15.2"
}

variable "node_count" {
  description = "How many nodes."
  type        = number
  default     = 2
}

variable "instance_type" {
  description = "Type of the nodes: 4 vCPU and 8 GiB."
  type        = string
  default     = "ecs.c7.xlarge"
}

variable "instance_types" {
  description = "Types of single nodes by name: change one node per apply."
  type        = map(string)
  default     = {}
}

variable "image_id" {
  description = "Image of new nodes; the newest Ubuntu 24.04 if not set."
  type        = string
  default     = null
}

variable "postgresql_version" {
  description = "PostgreSQL's major version: that of the image's distribution."
  type        = number
  default     = 16
}

variable "primary" {
  description = "The node that is PostgreSQL's primary: a or b."
  type        = string
  default     = "a"
}

variable "drained_nodes" {
  description = "Nodes that get no new connections, for maintenance."
  type        = set(string)
  default     = []
}

variable "host_keys" {
  description = "Host keys of nodes that were replaced under the same address."
  type        = map(string)
  default     = {}
}

variable "secret_versions" {
  description = "Raise a number when that secret changes, such as { private_key = 2 } with a new certificate."
  type        = map(number)
  default     = {}
}

variable "deletion_protection" {
  description = "Unset it and apply before a destroy."
  type        = bool
  default     = true
}
