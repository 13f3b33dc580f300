//! What the cloud has on offer: zones, images, instance types, classes.

/// The region where none is set.
pub const REGION: &str = "cn-hangzhou";
/// The account that everything belongs to.
pub const ACCOUNT: &str = "1234567890123456";

/// Zones of a region.
pub fn zones(region: &str) -> Vec<String> {
    ["h", "i", "j", "k"].iter().map(|letter| format!("{region}-{letter}")).collect()
}

/// An image.
pub struct Image {
    /// Its ID, newest first in the list.
    pub id: &'static str,
    /// For people.
    pub os_name: &'static str,
    /// `Ubuntu`
    pub platform: &'static str,
    /// When it came out.
    pub created: &'static str,
}

/// Public images.
pub const IMAGES: [Image; 7] = [
    Image {
        id: "ubuntu_24_04_x64_20G_alibase_20260712.vhd",
        os_name: "Ubuntu  24.04 64位",
        platform: "Ubuntu",
        created: "2026-07-13T02:12:41Z",
    },
    Image {
        id: "ubuntu_22_04_x64_20G_alibase_20260712.vhd",
        os_name: "Ubuntu  22.04 64位",
        platform: "Ubuntu",
        created: "2026-07-13T02:10:17Z",
    },
    Image {
        id: "debian_13_0_x64_20G_alibase_20260610.vhd",
        os_name: "Debian  13.0 64位",
        platform: "Debian",
        created: "2026-06-11T03:40:02Z",
    },
    Image {
        id: "debian_12_11_x64_20G_alibase_20260610.vhd",
        os_name: "Debian  12.11 64位",
        platform: "Debian",
        created: "2026-06-11T03:31:55Z",
    },
    Image {
        id: "ubuntu_22_04_x64_20G_alibase_20260115.vhd",
        os_name: "Ubuntu  22.04 64位",
        platform: "Ubuntu",
        created: "2026-01-16T02:08:00Z",
    },
    Image {
        id: "debian_11_11_x64_20G_alibase_20251120.vhd",
        os_name: "Debian  11.11 64位",
        platform: "Debian",
        created: "2025-11-21T06:22:10Z",
    },
    Image {
        id: "aliyun_3_x64_20G_alibase_20251030.vhd",
        os_name: "Alibaba Cloud Linux  3.2104 LTS 64位",
        platform: "Aliyun",
        created: "2025-10-31T01:00:37Z",
    },
];

/// An instance type: its name, CPUs and memory in GiB, cheapest first.
pub const INSTANCE_TYPES: [(&str, u32, f64); 12] = [
    ("ecs.t6-c1m1.large", 2, 2.0),
    ("ecs.e-c1m2.large", 2, 4.0),
    ("ecs.t6-c1m2.large", 2, 4.0),
    ("ecs.c7.large", 2, 4.0),
    ("ecs.c8i.large", 2, 4.0),
    ("ecs.g7.large", 2, 8.0),
    ("ecs.r7.large", 2, 16.0),
    ("ecs.e-c1m2.xlarge", 4, 8.0),
    ("ecs.c7.xlarge", 4, 8.0),
    ("ecs.g7.xlarge", 4, 16.0),
    ("ecs.c7.2xlarge", 8, 16.0),
    ("ecs.g7.2xlarge", 8, 32.0),
];

/// `ecs.c7` of `ecs.c7.large`.
pub fn family(instance_type: &str) -> &str {
    instance_type.rsplit_once('.').map_or(instance_type, |(family, _)| family)
}

/// Classes of Redis with their architecture, cheapest first.
pub const REDIS_CLASSES: [(&str, &str); 9] = [
    ("redis.master.micro.default", "standard"),
    ("redis.master.small.default", "standard"),
    ("redis.master.mid.default", "standard"),
    ("redis.shard.small.2.ce", "standard"),
    ("redis.master.stand.default", "standard"),
    ("redis.master.large.default", "standard"),
    ("redis.logic.sharding.1g.2db.0rodb.4proxy.default", "cluster"),
    ("redis.shard.small.ce", "cluster"),
    ("redis.shard.mid.ce", "cluster"),
];

/// Classes of RDS for PostgreSQL, cheapest first.
pub const DATABASE_CLASSES: [&str; 4] =
    ["pg.n2e.1c.1m", "pg.n2.2c.2m", "pg.n2.4c.2m", "pg.x4.large.2c"];
