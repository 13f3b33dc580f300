use serde_json::Value as Json;

use super::schema::object::NestingMode;
use super::*;
use crate::secret::Secret;
use crate::settings::{Field, Settings};

crate::settings! {
    /// An object.
    pub struct Inner {
        /// Required.
        host: String = crate::schema::attr(),
        /// With a default.
        port: u16 = crate::schema::attr().default(22),
    }

    /// All there is.
    pub struct All {
        /// Required.
        name: String = crate::schema::attr(),
        /// With a default.
        mode: String = crate::schema::attr().default("0644"),
        /// One object.
        one: Inner = crate::schema::attr(),
        /// Several.
        several: Option<Vec<Inner>> = crate::schema::attr(),
        /// Named ones.
        named: Option<std::collections::BTreeMap<String, Inner>> = crate::schema::attr(),
        /// Never stored.
        key_wo: Option<Secret> = crate::schema::attr().write_only(),
        /// Plain.
        words: Option<Vec<String>> = crate::schema::attr(),
    }
}

fn one(name: &str, place: Place) -> schema::Attribute {
    let all = All::attributes();
    attribute(all.iter().find(|a| a.name == name).expect("an attribute"), place)
}

#[test]
fn a_default_makes_an_attribute_computed_but_not_in_a_provider_block() {
    let mode = one("mode", Place::Resource);
    assert_eq!((mode.required, mode.optional, mode.computed), (false, true, true));
    let mode = one("mode", Place::Provider);
    assert_eq!((mode.required, mode.optional, mode.computed), (false, true, false));
    let name = one("name", Place::Resource);
    assert_eq!((name.required, name.optional, name.computed), (true, false, false));
}

#[test]
fn write_only_is_for_resources_and_never_computed() {
    let flags = |a: schema::Attribute| (a.write_only, a.sensitive, a.computed, a.optional);
    assert_eq!(flags(one("key_wo", Place::Resource)), (true, true, false, true));
    assert_eq!(flags(one("key_wo", Place::Provider)), (false, true, false, true));
    assert_eq!(flags(one("key_wo", Place::Data)), (false, true, false, true));
}

#[test]
fn objects_are_nested_attributes_and_never_types_as_well() {
    for (name, mode) in
        [("one", NestingMode::Single), ("several", NestingMode::List), ("named", NestingMode::Map)]
    {
        let attribute = one(name, Place::Resource);
        assert_eq!(attribute.r#type, b"");
        let nested = attribute.nested_type.expect("nested");
        assert_eq!(nested.nesting(), mode);
        assert!(nested.attributes[1].computed, "the default inside");
    }
    let words = one("words", Place::Resource);
    assert_eq!((words.r#type, words.nested_type), (b"[\"list\",\"string\"]".to_vec(), None));
}

#[test]
fn computed_objects_are_computed_at_every_depth() {
    let all = crate::schema::computed(All::attributes());
    let one = attribute(&all[2], Place::Resource);
    let inner = &one.nested_type.expect("nested").attributes[0];
    assert_eq!((one.computed, one.required), (true, false));
    assert_eq!((inner.computed, inner.required, inner.optional), (true, false, false));
}

#[test]
fn a_function_may_be_given_an_object_without_its_optional_attributes() {
    let json: Json = serde_json::from_slice(&type_bytes(&Inner::kind())).unwrap();
    let types = json!({ "host": "string", "port": "number" });
    assert_eq!(json, json!(["object", types, ["port"]]));
}

#[test]
fn a_block_is_no_attribute_and_keeps_its_nesting() {
    use super::schema::nested_block::NestingMode;
    use crate::schema::Items;
    let mut several =
        All::attributes().into_iter().find(|a| a.name == "several").expect("is there");
    several.block = Some(Items { min: 1, max: 2 });
    several.kind = Kind::Set(Box::new(Inner::kind()));
    let block = block(&[several], Place::Resource);
    assert!(block.attributes.is_empty());
    let [nested] = &block.block_types[..] else { panic!("{block:?}") };
    assert_eq!((nested.min_items, nested.max_items), (1, 2));
    assert_eq!(nested.nesting(), NestingMode::Set);
    let inner = &nested.block.as_ref().expect("a block").attributes;
    assert!(inner.iter().any(|a| a.name == "port" && a.computed));
}
