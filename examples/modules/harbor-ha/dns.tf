# The record of the hostname: an address of the CLB, or the name of the NLB.

locals {
  dns_domain = coalesce(var.dns.domain, join(".", slice(split(".", var.hostname), 1, length(split(".", var.hostname)))))
  dns_rr     = trimsuffix(var.hostname, ".${local.dns_domain}")
  dns_type   = local.clb ? "A" : "CNAME"
  dns_value  = local.clb ? one(alicloud_slb_load_balancer.this[*].address) : one(alicloud_nlb_load_balancer.this[*].dns_name)
}

# RECORD: other names of the domain are asked outside, as before.
resource "alicloud_pvtz_zone" "this" {
  count = var.dns.type == "private" ? 1 : 0

  zone_name     = local.dns_domain
  proxy_pattern = "RECORD"
  tags          = var.tags
}

resource "alicloud_pvtz_zone_attachment" "this" {
  count = var.dns.type == "private" ? 1 : 0

  zone_id = alicloud_pvtz_zone.this[0].id
  vpc_ids = [local.vpc_id]
}

resource "alicloud_pvtz_zone_record" "this" {
  count = var.dns.type == "private" ? 1 : 0

  zone_id = alicloud_pvtz_zone.this[0].id
  rr      = local.dns_rr
  type    = local.dns_type
  value   = local.dns_value
  ttl     = var.dns.ttl
}

resource "alicloud_alidns_record" "this" {
  count = var.dns.type == "public" ? 1 : 0

  domain_name = local.dns_domain
  rr          = local.dns_rr
  type        = local.dns_type
  value       = local.dns_value
  ttl         = var.dns.ttl
}
