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

variable "harbor_version" {
  description = "Harbor's release: the next one is tried here."
  type        = string
  default     = "2.15.2"
}

variable "postgresql_version" {
  description = "PostgreSQL's major version: that of the image's distribution."
  type        = number
  default     = 16
}
