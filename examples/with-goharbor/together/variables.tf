variable "hosts" {
  description = "IP addresses of the two hosts, by the names a and b."
  type        = map(string)

  validation {
    condition     = length(setsubtract(["a", "b"], keys(var.hosts))) == 0 && length(var.hosts) == 2
    error_message = "Exactly two hosts are needed, with the names a and b."
  }
}

variable "hostname" {
  description = "The name that clients use; it leads to the load balancer."
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

variable "nfs" {
  description = "NFS export for the image layers, server:/export."
  type        = string
}

variable "database_host" {
  description = "Address of PostgreSQL."
  type        = string
}

variable "redis_host" {
  description = "Address of Redis."
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
  description = "Password of Harbor's database role: letters, digits, _ and -."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "redis_password" {
  description = "Password of Redis: letters, digits, _ and -."
  type        = string
  sensitive   = true
  ephemeral   = true
}
