output "text" {
  sensitive = true
  value = provider::harbor::compose_override(jsonencode({
    release              = "2.15.2"
    core_secret          = var.core_secret
    jobservice_secret    = var.jobservice_secret
    csrf_key             = var.csrf_key
    registry_http_secret = var.registry_http_secret
  }))
}

variable "core_secret" {
  type      = string
  sensitive = true
}

variable "csrf_key" {
  type      = string
  sensitive = true
}

variable "jobservice_secret" {
  type      = string
  sensitive = true
}

variable "registry_http_secret" {
  type      = string
  sensitive = true
}
