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
  description = "Password of Redis."
  type        = string
  sensitive   = true
}

variable "ssh_sources" {
  description = "Networks that may reach the bastion by SSH."
  type        = list(string)
}

variable "bastion_host_key" {
  description = "Public host key of the bastion, made by ssh-keygen before it is."
  type        = string
}

variable "bastion_host_private_key" {
  description = "Its private key."
  type        = string
  sensitive   = true
}
