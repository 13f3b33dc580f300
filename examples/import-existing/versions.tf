terraform {
  required_version = ">= 1.11"

  required_providers {
    harbor = {
      source  = "breakwater/harbor"
      version = ">= 0.1.0"
    }
  }
}
