terraform {
  required_version = ">= 1.11"

  required_providers {
    harbor = {
      source  = "breakwater/harbor"
      version = ">= 0.1.0"
    }
  }
}

provider "harbor" {
  # Used for every host that names no credential of its own.
  ssh = {
    user             = "root"
    private_key_path = "~/.ssh/id_ed25519"
  }

  # For hosts that are reached in another way: ssh = { host = "...", credential = "inner" }.
  credentials = {
    inner = {
      user          = "ops"
      agent         = true
      sudo_password = var.sudo_password
      bastions      = [{ host = "bastion.example.com", user = "ops", host_key = var.bastion_key }]
    }
  }

  # Who manages the hosts; another name is refused there.
  owner = "registry/production"
}

variable "bastion_key" {
  type        = string
  description = "Its public host key, such as \"ssh-ed25519 AAAA...\"."
}

variable "sudo_password" {
  type      = string
  sensitive = true
  ephemeral = true
}
