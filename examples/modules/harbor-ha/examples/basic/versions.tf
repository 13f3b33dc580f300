terraform {
  required_version = ">= 1.11"

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
