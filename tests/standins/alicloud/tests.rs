//! The cloud as a file: what it makes, keeps, refuses and forgets.

use provider::value::{Object, Value};
use serde_json::{Value as Json, json};

use super::cloud::Cloud;
use super::failure::Failure;
use super::store::{Attributes, Store};
use super::{kinds, plan};

struct TestCloud {
    cloud: Cloud,
    folder: tempfile::TempDir,
}

impl TestCloud {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::at(folder.path().join("cloud.json"));
        Self { cloud: Cloud::new(store, None), folder }
    }

    fn config(&self, kind: &str, json: &Json) -> Object {
        let attributes = self.cloud.attributes(kind);
        attributes.iter().map(|a| (a.name.clone(), kinds::value(&a.kind, &json[&a.name]))).collect()
    }

    fn make(&self, kind: &str, json: &Json) -> Result<Attributes, Failure> {
        let body = &self.cloud.catalog.resources[kind].body;
        let planned = plan::planned(body, &self.config(kind, json), None);
        self.cloud.create(kind, &planned).map(|made| made.expect("it is found"))
    }

    /// The ID of something that is made without trouble.
    #[track_caller]
    fn id(&self, kind: &str, json: &Json) -> String {
        let made = self.make(kind, json).expect("it is made");
        made["id"].as_str().expect("an ID").to_owned()
    }

    /// Why something is refused.
    #[track_caller]
    fn refusal(&self, kind: &str, json: &Json) -> String {
        self.make(kind, json).expect_err("it is refused").code
    }

    fn state(&self, kind: &str, made: &Attributes) -> Object {
        let attributes = self.cloud.attributes(kind);
        let path = provider::diag::Path::root();
        provider::json::object(attributes, &Json::Object(made.clone()), &path).expect("a state")
    }

    /// Replaced attributes of a plan for the same configuration after a refresh.
    fn replaced_by_refresh(&self, kind: &str, json: &Json, made: &Attributes) -> Vec<String> {
        let read = self.cloud.read(kind, &self.state(kind, made)).expect("read").expect("there");
        let Json::Object(read) = read else { panic!("no object") };
        let (prior, config) = (self.state(kind, &read), self.config(kind, json));
        let body = &self.cloud.catalog.resources[kind].body;
        let planned = plan::planned(body, &config, Some(&prior));
        let paths = plan::replacing(self.cloud.attributes(kind), &prior, &planned);
        paths.iter().map(ToString::to_string).collect()
    }

    /// A VPC and a vSwitch in it.
    fn network(&self) -> (String, String) {
        let vpc = self.id("alicloud_vpc", &json!({ "cidr_block": "10.0.0.0/16" }));
        let vswitch = json!({
            "vpc_id": vpc, "cidr_block": "10.0.1.0/24", "zone_id": "cn-hangzhou-h",
        });
        let vswitch = self.id("alicloud_vswitch", &vswitch);
        (vpc, vswitch)
    }
}

#[test]
fn addresses_are_of_the_vswitch_and_come_again_last() {
    let sky = TestCloud::new();
    let (_, vswitch) = sky.network();
    let balancer = json!({ "vswitch_id": vswitch, "address_type": "intranet" });
    let kind = "alicloud_slb_load_balancer";
    let first = sky.make(kind, &balancer).unwrap();
    sky.cloud.delete(kind, first["id"].as_str().unwrap()).unwrap();
    let second = sky.make(kind, &balancer).unwrap();
    assert_eq!((&first["address"], &second["address"]), (&json!("10.0.1.11"), &json!("10.0.1.12")));
    let given = json!({ "vswitch_id": vswitch, "address": "10.0.1.12" });
    assert_eq!(sky.refusal(kind, &given), "InvalidPrivateIpAddress.Duplicated");
}

#[test]
fn nothing_refers_to_what_is_not_there_or_leaves_what_is_used() {
    let sky = TestCloud::new();
    let group = json!({ "vpc_id": "vpc-none" });
    assert_eq!(sky.refusal("alicloud_security_group", &group), "InvalidVpc.NotFound");
    let (vpc, vswitch) = sky.network();
    let used = sky.cloud.delete("alicloud_vpc", &vpc).unwrap_err();
    assert_eq!(used.code, "DependencyViolation.Vswitch");
    sky.cloud.delete("alicloud_vswitch", &vswitch).unwrap();
    sky.cloud.delete("alicloud_vpc", &vpc).unwrap();
    sky.cloud.delete("alicloud_vpc", &vpc).expect("what is gone is deleted");
}

#[test]
fn networks_must_fit() {
    let sky = TestCloud::new();
    let (vpc, _) = sky.network();
    let vswitch =
        |cidr: &str| json!({ "vpc_id": vpc, "cidr_block": cidr, "zone_id": "cn-hangzhou-h" });
    let refusal = |cidr: &str| sky.refusal("alicloud_vswitch", &vswitch(cidr));
    assert_eq!(refusal("192.168.0.0/24"), "InvalidCidrBlock.Mismatch");
    assert_eq!(refusal("10.0.1.128/25"), "InvalidCidrBlock.Overlapped");
    let elsewhere = json!({ "vpc_id": vpc, "cidr_block": "10.0.2.0/24", "zone_id": "elsewhere-a" });
    assert_eq!(sky.refusal("alicloud_vswitch", &elsewhere), "InvalidZoneId.NotFound");
}

#[test]
fn a_network_load_balancer_is_in_two_zones() {
    let sky = TestCloud::new();
    let (vpc, vswitch) = sky.network();
    let zone = json!({ "vswitch_id": vswitch, "zone_id": "cn-hangzhou-h" });
    let one = json!({ "address_type": "Internet", "vpc_id": vpc, "zone_mappings": [zone] });
    assert_eq!(sky.refusal("alicloud_nlb_load_balancer", &one), "IllegalParam.ZoneMappings");
}

#[test]
fn a_standard_file_system_with_a_vpc_is_replaced_for_ever() {
    let sky = TestCloud::new();
    let (vpc, vswitch) = sky.network();
    let kind = "alicloud_nas_file_system";
    let plain = json!({ "protocol_type": "NFS", "storage_type": "Performance" });
    let made = sky.make(kind, &plain).unwrap();
    assert_eq!(sky.replaced_by_refresh(kind, &plain, &made), [""; 0]);
    let mut placed = plain;
    placed["vpc_id"] = vpc.into();
    placed["vswitch_id"] = vswitch.into();
    let made = sky.make(kind, &placed).unwrap();
    assert_eq!(sky.replaced_by_refresh(kind, &placed, &made), ["vpc_id", "vswitch_id"]);
}

#[test]
fn what_is_paid_for_stays_and_what_is_protected_cannot_go() {
    let sky = TestCloud::new();
    let (_, vswitch) = sky.network();
    let kind = "alicloud_kvstore_instance";
    let redis = |more: Json| {
        let mut all =
            json!({ "vswitch_id": vswitch, "instance_class": "redis.master.small.default" });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        sky.id(kind, &all)
    };
    let paid = redis(json!({ "payment_type": "PrePaid" }));
    sky.cloud.delete(kind, &paid).unwrap();
    assert!(sky.cloud.objects().unwrap().get(kind, &paid).is_some());
    let protected = redis(json!({ "instance_release_protection": true }));
    let refused = sky.cloud.delete(kind, &protected).unwrap_err();
    assert_eq!(refused.code, "OperationDenied.DeletionProtection");
}

#[test]
fn a_password_is_never_read_back() {
    let sky = TestCloud::new();
    let (_, vswitch) = sky.network();
    let kind = "alicloud_kvstore_instance";
    let redis = json!({
        "vswitch_id": vswitch, "instance_class": "redis.master.small.default", "password": "Secret-1",
    });
    let made = sky.make(kind, &redis).unwrap();
    let mut state = sky.state(kind, &made);
    let password =
        |state: &Object| sky.cloud.read(kind, state).unwrap().unwrap()["password"].clone();
    assert_eq!(password(&state), "Secret-1", "the state keeps it");
    state.insert("password".to_owned(), Value::Null);
    assert_eq!(password(&state), Json::Null, "an import does not find it");
}

#[test]
fn both_names_of_a_thing_are_told() {
    let sky = TestCloud::new();
    let kind = "alicloud_vpc";
    let made = sky.make(kind, &json!({ "vpc_name": "one", "cidr_block": "10.0.0.0/8" })).unwrap();
    assert_eq!(made["name"], "one");
    let config = sky.config(kind, &json!({ "vpc_name": "two", "cidr_block": "10.0.0.0/8" }));
    let body = &sky.cloud.catalog.resources[kind].body;
    let planned = plan::planned(body, &config, Some(&sky.state(kind, &made)));
    assert_eq!(sky.cloud.update(kind, &config, &planned).unwrap()["name"], "two");
}

#[test]
fn a_busy_cloud_is_asked_again_and_then_given_up() {
    let sky = TestCloud::new();
    let faults = |json: Json| {
        testkit::rig::files::write(
            sky.folder.path().join("cloud.faults.json"),
            json.to_string(),
            0o644,
        )
        .unwrap();
    };
    let vpc = json!({ "cidr_block": "10.0.0.0/8" });
    faults(json!({ "throttled": { "alicloud_vpc": 2 } }));
    sky.id("alicloud_vpc", &vpc);
    faults(json!({ "throttled": { "alicloud_vpc": 9 } }));
    assert_eq!(sky.refusal("alicloud_vpc", &vpc), "Throttling.User");
}
