//! Redis instances.

use testkit::rig::redis::Redis;

use crate::store::{Attributes, Objects, text};

/// All that there are.
pub fn servers(objects: &Objects) -> Vec<Redis> {
    let own = objects.of("alicloud_kvstore_instance").map(|(id, o)| (id, o, "private_ip"));
    let tair = objects.of("alicloud_redis_tair_instance").map(|(id, o)| (id, o, "_address"));
    let server = |(id, o, address): (&String, &Attributes, &str)| {
        let shards = o.get("shard_count").and_then(serde_json::Value::as_f64).unwrap_or(0.0);
        let class = text(o, "instance_class");
        let sharded = class.starts_with("redis.shard.") && shards > 1.0;
        Redis {
            name: id.clone(),
            address: text(o, address).to_owned(),
            port: 6379,
            cluster: sharded || class.starts_with("redis.logic.sharding."),
            accounts: accounts(id, o, objects),
        }
    };
    own.chain(tair).map(server).filter(|server| !server.address.is_empty()).collect()
}

/// The default account, which also has the instance's name, and those that were made. Without a
/// password nobody gets in.
fn accounts(id: &str, instance: &Attributes, objects: &Objects) -> Vec<String> {
    let account = |name: &str, password: &str, rights: &str| match password {
        "" => format!("user {name} off"),
        password => format!("user {name} on >{password} ~* &* {rights}"),
    };
    let password = text(instance, "password");
    let mut all = ["default", id].map(|name| account(name, password, "+@all")).to_vec();
    let more = objects.of("alicloud_kvstore_account").map(|(_, a)| a);
    for a in more.filter(|a| text(a, "instance_id") == id) {
        let rights = match text(a, "account_privilege") {
            "RoleReadOnly" => "+@all -@write",
            _ => "+@all",
        };
        all.push(account(text(a, "account_name"), text(a, "account_password"), rights));
    }
    all
}
