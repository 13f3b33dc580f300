terraform {
  required_version = ">= 1.11"

  # Each environment has a state of its own: terraform init -backend-config=backend.hcl
  backend "oss" {
    prefix  = "harbor/staging"
    encrypt = true
  }

  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = ">= 1.239.0, < 3.0.0"
    }
    harbor = {
      source  = "breakwater/harbor"
      version = ">= 0.1.0"
    }
  }
}
