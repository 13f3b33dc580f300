variable "hosts" {
  description = "IP addresses of the two hosts, by the names a and b."
  type        = map(string)
  default     = { a = "172.19.48.253", b = "172.19.48.254" }

  validation {
    condition     = length(setsubtract(["a", "b"], keys(var.hosts))) == 0 && length(var.hosts) == 2
    error_message = "Exactly two hosts are needed, with the names a and b."
  }
}

variable "primary" {
  description = "The host that is PostgreSQL's primary."
  type        = string
  default     = "a"
}

variable "ssh_private_key_path" {
  description = "Path of the private key that root on both hosts accepts."
  type        = string
  default     = "~/.ssh/id_ed25519"
}

variable "hostname" {
  description = "The hostname in harbor.yml."
  type        = string
}

variable "harbor_version" {
  description = "The release that is installed."
  type        = string
  default     = "2.3.2"
}

variable "harbor_directory" {
  description = "Directory of the installer, with harbor.yml."
  type        = string
  default     = "/data/harbor"
}

variable "postgresql_version" {
  description = "PostgreSQL's major version."
  type        = number
  default     = 13
}

variable "redis_host" {
  description = "Address of Redis."
  type        = string
  default     = "172.19.48.253"
}

variable "registry_mirrors" {
  description = "The mirrors in Docker's daemon.json."
  type        = list(string)
  default     = ["https://registry.docker-cn.com"]
}

variable "certificate" {
  description = "The certificate that Harbor uses, PEM."
  type        = string
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
  description = "Password of Redis."
  type        = string
  sensitive   = true
  ephemeral   = true
}
