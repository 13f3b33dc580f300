# What every call must say.

variable "name" {
  description = "Prefix of the names of all that is made."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,29}$", var.name))
    error_message = "It must be 2 to 30 lower-case letters, digits and hyphens, and start with a letter."
  }
}

variable "hostname" {
  description = "The name that clients use, such as harbor.example.com; it leads to the load balancer."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.hostname))
    error_message = "It must be a host name with a domain, such as harbor.example.com."
  }
}

variable "zones" {
  description = "Zones of the nodes, at least two. They are named and not looked up, because a list that changed its order would replace everything."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 2 && length(distinct(var.zones)) == length(var.zones)
    error_message = "At least two different zones are needed: one may fail."
  }
}

variable "installer" {
  description = "Harbor's offline installer: a https URL that the nodes fetch, or a path on the machine that runs Terraform; and its SHA-256."
  type = object({
    url    = optional(string)
    path   = optional(string)
    sha256 = string
  })

  validation {
    condition     = (var.installer.url == null) != (var.installer.path == null)
    error_message = "Exactly one of url and path must be set."
  }
}

variable "certificate" {
  description = "TLS certificate chain of the hostname, PEM."
  type        = string
}

variable "private_key" {
  description = "Private key of the certificate, PEM."
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

# Network and access.

variable "vpc_cidr" {
  description = "Address range of the VPC that is made; each zone gets a vSwitch of 1/256 of it. Keep it apart from 172.16.0.0/12, which Docker uses."
  type        = string
  default     = "10.0.0.0/16"

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 8, 255))
    error_message = "It must be an IPv4 network of /8 to /20, such as 10.0.0.0/16."
  }
}

variable "existing_network" {
  description = "A VPC that is there already, with its address range and a vSwitch for each zone, by the zone's name. Nothing of the network is made then."
  type = object({
    vpc_id     = string
    cidr_block = string
    vswitches = map(object({
      id         = string
      cidr_block = string
    }))
  })
  default = null

  validation {
    condition     = var.existing_network == null || length(setsubtract(var.zones, try(keys(var.existing_network.vswitches), []))) == 0
    error_message = "There must be a vSwitch for each zone."
  }
}

variable "nat_gateway" {
  description = "Whether to make a NAT gateway, by which nodes without a public address reach the internet. If not set: only in a VPC that the module makes."
  type        = bool
  default     = null
}

variable "client_cidrs" {
  description = "Networks that may use the registry. If not set: everybody with a public load balancer, and the VPC otherwise."
  type        = set(string)
  default     = null

  validation {
    condition     = var.client_cidrs == null ? true : alltrue([for cidr in var.client_cidrs : can(cidrhost(cidr, 0))])
    error_message = "Each must be a network, such as 203.0.113.0/24."
  }
}

variable "access" {
  description = "How Terraform reaches the nodes. private: it runs where the VPC is routed to; bastion: through a jump host that is made; public: each node has a public address."
  type        = string
  default     = "private"

  validation {
    condition     = contains(["private", "bastion", "public"], var.access)
    error_message = "It must be private, bastion or public."
  }
}

variable "ssh_sources" {
  description = "Networks from which Terraform comes, to the nodes or to the bastion. If not set: the VPC, which is enough only for access = private."
  type        = set(string)
  default     = null

  validation {
    condition     = var.ssh_sources == null ? true : alltrue([for cidr in var.ssh_sources : can(cidrhost(cidr, 0)) && cidr != "0.0.0.0/0"])
    error_message = "Each must be a network, such as 203.0.113.7/32, and none the whole internet."
  }
  validation {
    condition     = var.access != "public" || try(length(var.ssh_sources) > 0, false)
    error_message = "With access = public the networks that may use SSH must be named."
  }
  validation {
    condition     = var.access != "bastion" || !var.bastion.public || try(length(var.ssh_sources) > 0, false)
    error_message = "With a public bastion the networks that may use SSH must be named."
  }
}

variable "bastion" {
  description = "The jump host of access = bastion. With public = false it has no public address, for a network that is routed to but may reach only this one host."
  type = object({
    instance_type = optional(string, "ecs.e-c1m2.large")
    public        = optional(bool, true)
    bandwidth     = optional(number, 5)
  })
  default  = {}
  nullable = false
}

variable "bastion_host_key" {
  description = "Public host key of the bastion (ssh-ed25519 AAAA...), so that the first contact is checked too. Make the pair with ssh-keygen -t ed25519."
  type        = string
  default     = null

  validation {
    condition     = var.access != "bastion" || can(regex("^ssh-ed25519 AAAA[A-Za-z0-9+/=]+", var.bastion_host_key))
    error_message = "With access = bastion it must be an ssh-ed25519 public key."
  }
}

variable "bastion_host_private_key" {
  description = "Private half of bastion_host_key. It reaches the bastion by cloud-init and is therefore in the state; it opens no door, but whoever has it can pose as the bastion."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.access != "bastion" || var.bastion_host_private_key != null
    error_message = "With access = bastion it must be set."
  }
}

variable "ssh_public_key" {
  description = "Public key that root on the hosts accepts; the provider block of harbor holds the private one."
  type        = string
  default     = null

  validation {
    condition     = (var.ssh_public_key == null) != (var.key_pair_name == null)
    error_message = "Exactly one of ssh_public_key and key_pair_name must be set."
  }
}

variable "key_pair_name" {
  description = "A key pair of ECS that is there already, instead of ssh_public_key."
  type        = string
  default     = null
}

variable "credential" {
  description = "Name of an entry of credentials in the provider block of harbor; its ssh block if not set."
  type        = string
  default     = null
}

variable "host_keys" {
  description = "Public host keys by node name (a, b, ...). Without one the key of the first contact is pinned. Needed when a replaced instance got the address of the old one."
  type        = map(string)
  default     = {}
}

# The nodes.

variable "node_count" {
  description = "How many Harbor nodes. They are named a, b, c, ...; PostgreSQL's pair is always on a and b."
  type        = number
  default     = 2

  validation {
    condition     = var.node_count >= 2 && var.node_count <= 9 && floor(var.node_count) == var.node_count
    error_message = "It must be a whole number from 2 to 9."
  }
}

variable "instance_type" {
  description = "ECS type of the nodes."
  type        = string
  default     = "ecs.c7.large"
}

variable "instance_types" {
  description = "ECS types of single nodes by name, instead of instance_type: the cloud restarts an instance whose type changes, so change one node per apply."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "image_id" {
  description = "Image of new instances; the newest Ubuntu 24.04 if not set. A change reaches no instance that runs, because it would wipe its disk in place: replace one node after the other with -replace."
  type        = string
  default     = null
}

variable "system_disk" {
  description = "System disk of the nodes, with all that is not shared: images of Docker, PostgreSQL's data, logs. Size in GiB."
  type = object({
    category  = optional(string, "cloud_essd")
    size      = optional(number, 80)
    encrypted = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.system_disk.size >= 40
    error_message = "Harbor's own requirements begin at 40 GiB."
  }
}

variable "node_bandwidth" {
  description = "Outgoing bandwidth of each node with access = public, in Mbit/s, paid by traffic."
  type        = number
  default     = 10

  validation {
    condition     = var.node_bandwidth >= 1 && var.node_bandwidth <= 100
    error_message = "It must be from 1 to 100."
  }
}

variable "drained_nodes" {
  description = "Nodes that get no new connections from the load balancer, for maintenance."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(local.node_names, var.drained_nodes)) > 0
    error_message = "One node at least must serve."
  }
  validation {
    condition     = length(setsubtract(var.drained_nodes, local.node_names)) == 0
    error_message = "Each must be the name of a node: a, b, ..."
  }
}

variable "deletion_protection" {
  description = "Whether the cloud refuses to delete instances, load balancer, Redis and RDS. Unset it and apply before a destroy."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags of all that can carry them."
  type        = map(string)
  default     = {}
}

# Load balancer and name.

variable "balancer" {
  description = "The load balancer. type: clb or nlb. public: reachable from the internet. spec: a CLB paid by specification (slb.s1.small), where paying by use is not offered. bandwidth: of the CLB's listener in Mbit/s, -1 is no limit. persistence: seconds that a CLB sends a client to the same node; an NLB hashes the source address."
  type = object({
    type        = optional(string, "clb")
    public      = optional(bool, false)
    spec        = optional(string)
    bandwidth   = optional(number, -1)
    persistence = optional(number, 1000)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["clb", "nlb"], var.balancer.type)
    error_message = "type must be clb or nlb."
  }
  validation {
    condition     = var.balancer.persistence >= 1 && var.balancer.persistence <= 3600
    error_message = "persistence must be from 1 to 3600: without it a push through two nodes can fail."
  }
  validation {
    condition     = var.balancer.spec == null || var.balancer.type == "clb"
    error_message = "Only a CLB has a spec."
  }
}

variable "dns" {
  description = "The record of the hostname. type: private (in the VPC), public (Alibaba Cloud DNS) or none. domain: the zone, the hostname without its first label if not set. ttl in seconds."
  type = object({
    type   = optional(string, "private")
    domain = optional(string)
    ttl    = optional(number, 600)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["private", "public", "none"], var.dns.type)
    error_message = "type must be private, public or none."
  }
  validation {
    condition     = endswith(var.hostname, ".${coalesce(var.dns.domain, "x")}") || var.dns.domain == null
    error_message = "The hostname must be in the domain."
  }
}

# Storage of image layers.

variable "storage" {
  description = "Where image layers are kept. type: nas or oss. For nas: storage_type Performance or Capacity, and nfs_version. For oss: the bucket's name, its redundancy (LRS or ZRS), and the id of an access key that is there already; if not set, the module makes a RAM user, whose secret is then in the state."
  type = object({
    type          = optional(string, "nas")
    storage_type  = optional(string, "Performance")
    nfs_version   = optional(string, "4.0")
    bucket        = optional(string)
    redundancy    = optional(string, "ZRS")
    access_key_id = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["nas", "oss"], var.storage.type)
    error_message = "type must be nas or oss."
  }
  validation {
    condition     = contains(["Performance", "Capacity"], var.storage.storage_type)
    error_message = "storage_type must be Performance or Capacity."
  }
  validation {
    condition     = contains(["3", "4.0"], var.storage.nfs_version)
    error_message = "nfs_version must be 3 or 4.0: NAS knows no other."
  }
}

variable "oss_access_key_secret" {
  description = "Secret of storage.access_key_id."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = var.storage.access_key_id == null || var.oss_access_key_secret != null
    error_message = "storage.access_key_id needs its secret."
  }
}

# Redis.

variable "redis" {
  description = "Redis. type: redis or tair. instance_class: a standard class; those of a cluster are refused. multi_zone: the replica is in the second zone, where the class is offered so."
  type = object({
    type           = optional(string, "redis")
    instance_class = optional(string)
    engine_version = optional(string)
    multi_zone     = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["redis", "tair"], var.redis.type)
    error_message = "type must be redis or tair."
  }
  validation {
    condition     = var.redis.instance_class == null || can(regex("^(redis\\.(master|basic)\\.|redis\\.shard\\.[a-z0-9]+\\.2\\.ce$|tair\\.(rdb|scm|essd)\\.)", var.redis.instance_class))
    error_message = "Harbor cannot use a Redis cluster (redis.shard.*.ce, redis.logic.*): take a standard class, such as redis.master.small.default, redis.shard.small.2.ce or tair.rdb.1g."
  }
  validation {
    condition     = !can(regex("(proxy|cluster|sharding)", coalesce(var.redis.instance_class, "none")))
    error_message = "Harbor cannot use a Redis cluster or its proxy: take a standard class."
  }
  validation {
    condition     = startswith(coalesce(var.redis.instance_class, var.redis.type), var.redis.type)
    error_message = "instance_class is not one of this type."
  }
}

variable "redis_password" {
  description = "Password of Redis: letters, digits and _. The cloud's provider keeps it in the state; with redis_kms_password and redis_password_wo it does not."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = (var.redis_password == null) != (var.redis_kms_password == null)
    error_message = "Exactly one of redis_password and redis_kms_password must be set."
  }
}

variable "redis_kms_password" {
  description = "Password of Redis, encrypted by KMS, and its encryption context. Not for Tair."
  type = object({
    ciphertext = string
    context    = optional(map(string))
  })
  default = null

  validation {
    condition     = var.redis_kms_password == null || var.redis.type == "redis"
    error_message = "Tair takes no encrypted password."
  }
}

variable "redis_password_wo" {
  description = "The password within redis_kms_password, for the nodes."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = var.redis_kms_password == null || var.redis_password_wo != null
    error_message = "With redis_kms_password the nodes need the password itself."
  }
}

# PostgreSQL.

variable "database" {
  description = "PostgreSQL. type: pair (a primary and its standby on nodes a and b) or rds. version: the major version; a pair from source = distro has that of the image. primary, package_version, sync, on_divergence, unreachable_primary, data_loss_token, mirror, signing_key, settings: of a pair, as in harbor_pg_replication_pair. instance_type, storage (GiB), multi_zone: of RDS. max_connections is shared out among the nodes."
  type = object({
    type                = optional(string, "pair")
    version             = optional(number, 16)
    max_connections     = optional(number, 300)
    source              = optional(string, "distro")
    package_version     = optional(string)
    mirror              = optional(string)
    signing_key         = optional(string)
    primary             = optional(string, "a")
    sync                = optional(string)
    on_divergence       = optional(string)
    unreachable_primary = optional(string)
    data_loss_token     = optional(string)
    settings            = optional(map(string), {})
    instance_type       = optional(string, "pg.n2.2c.2m")
    storage             = optional(number, 50)
    multi_zone          = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["pair", "rds"], var.database.type)
    error_message = "type must be pair or rds."
  }
  validation {
    condition     = contains(["a", "b"], var.database.primary)
    error_message = "primary must be a or b."
  }
  validation {
    condition     = var.database.max_connections >= 40 + 30 * var.node_count
    error_message = "max_connections must be at least 40 and 30 for each node: a node has three pools."
  }
}

variable "container_cidrs" {
  description = "Networks of Docker's containers on the nodes: the Harbor beside the primary connects from there."
  type        = set(string)
  default     = ["172.16.0.0/12"]
}

variable "rds_admin_password" {
  description = "Password of the administrator of RDS. The cloud's provider keeps it in the state; with rds_kms_password and rds_admin_password_wo it does not."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.database.type != "rds" || (var.rds_admin_password == null) != (var.rds_kms_password == null)
    error_message = "With RDS exactly one of rds_admin_password and rds_kms_password must be set."
  }
}

variable "rds_kms_password" {
  description = "Password of the administrator of RDS, encrypted by KMS, and its encryption context."
  type = object({
    ciphertext = string
    context    = optional(map(string))
  })
  default = null
}

variable "rds_admin_password_wo" {
  description = "The password within rds_kms_password, for the host that makes Harbor's role and databases."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = var.rds_kms_password == null || var.rds_admin_password_wo != null
    error_message = "With rds_kms_password the password itself is needed too."
  }
}

# Harbor.

variable "harbor_version" {
  description = "Harbor's release; the installer must be of it."
  type        = string
  default     = "2.15.2"

  validation {
    condition     = can(regex("^2\\.[0-9]+\\.[0-9]+$", var.harbor_version))
    error_message = "It must be a release such as 2.15.2."
  }
}

variable "admin_old_password" {
  description = "The admin's password until now, while admin_password is a new one."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "secret_versions" {
  description = "Raise a number when that secret changes: Terraform does not see secrets that it does not keep."
  type = object({
    admin       = optional(number, 1)
    database    = optional(number, 1)
    redis       = optional(number, 1)
    rds_admin   = optional(number, 1)
    private_key = optional(number, 1)
    oss         = optional(number, 1)
  })
  default  = {}
  nullable = false
}

variable "docker" {
  description = "Docker on the nodes, as in harbor_ha_node."
  type = object({
    source              = optional(string, "distro")
    mirror              = optional(string)
    signing_key         = optional(string)
    version             = optional(string)
    registry_mirrors    = optional(list(string))
    insecure_registries = optional(list(string))
  })
  default  = {}
  nullable = false
}

variable "trivy" {
  description = "Whether to install the vulnerability scanner Trivy."
  type        = bool
  default     = false
}

variable "configuration" {
  description = "System settings of Harbor, set through its API."
  type        = map(string)
  default = {
    self_registration            = "false"
    project_creation_restriction = "adminonly"
  }
}

variable "settings" {
  description = "Further keys of harbor.yml, dotted, each with its value as JSON."
  type        = map(string)
  default     = {}
}
