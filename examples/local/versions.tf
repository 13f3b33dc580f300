terraform {
  required_version = ">= 1.11"

  # `make demo` keeps the state in a folder of its own: init -backend-config=path=...
  backend "local" {}

  required_providers {
    harbor = {
      source  = "breakwater/harbor"
      version = ">= 0.1.0"
    }
  }
}
