terraform {
  required_version = ">= 1.11"

  # Types of both begin with harbor_, so one of the two needs another local name.
  required_providers {
    harbor = {
      source  = "breakwater/harbor"
      version = ">= 0.1.0"
    }
    goharbor = {
      source  = "goharbor/harbor"
      version = ">= 3.11.4"
    }
  }
}
