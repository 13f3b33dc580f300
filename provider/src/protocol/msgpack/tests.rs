use proptest::prelude::*;

use super::*;
use crate::schema::attr;

fn attribute(name: &str, kind: Kind) -> Attribute {
    Attribute { kind, ..attr().attribute::<Option<String>>(name, &[""]) }
}

fn kinds() -> impl Strategy<Value = Kind> {
    let leaf =
        prop_oneof![Just(Kind::Bool), Just(Kind::Int), Just(Kind::Float), Just(Kind::String)];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|k| Kind::List(Box::new(k))),
            inner.clone().prop_map(|k| Kind::Set(Box::new(k))),
            inner.clone().prop_map(|k| Kind::Map(Box::new(k))),
            prop::collection::btree_map("[a-z]{1,5}", inner, 0..4).prop_map(|kinds| {
                Kind::Object(kinds.into_iter().map(|(name, k)| attribute(&name, k)).collect())
            }),
        ]
    })
}

/// A value that fits the type, null and unknown in any place.
fn values(kind: &Kind) -> BoxedStrategy<Value> {
    let known = match kind {
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Int => any::<i64>().prop_map(Value::Int).boxed(),
        Kind::Float => (prop::num::f64::NORMAL | prop::num::f64::ZERO)
            .prop_map(|f| Value::Float(f + 0.0))
            .boxed(),
        Kind::String => any::<String>().prop_map(Value::String).boxed(),
        Kind::List(item) | Kind::Set(item) => {
            prop::collection::vec(values(item), 0..4).prop_map(Value::List).boxed()
        }
        Kind::Map(item) => {
            prop::collection::btree_map(".{0,40}", values(item), 0..4).prop_map(Value::Map).boxed()
        }
        Kind::Object(inner) => inner
            .iter()
            .map(|a| (Just(a.name.clone()), values(&a.kind)))
            .collect::<Vec<_>>()
            .prop_map(|pairs| Value::Map(pairs.into_iter().collect()))
            .boxed(),
    };
    prop_oneof![6 => known, 1 => Just(Value::Null), 1 => Just(Value::Unknown)].boxed()
}

fn typed_values() -> impl Strategy<Value = (Kind, Value)> {
    kinds().prop_flat_map(|kind| {
        let values = values(&kind);
        (Just(kind), values)
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back((kind, value) in typed_values()) {
        let bytes = encode_value(&kind, &value).unwrap();
        prop_assert_eq!(decode_value(&kind, &bytes).unwrap(), value);
    }

    #[test]
    fn no_bytes_make_it_panic(kind in kinds(), bytes in any::<Vec<u8>>()) {
        let _ = decode_value(&kind, &bytes);
    }

    #[test]
    fn a_message_cut_short_is_an_error((kind, value) in typed_values(), cut in 1_usize..50) {
        let bytes = encode_value(&kind, &value).unwrap();
        prop_assume!(cut < bytes.len());
        prop_assert!(decode_value(&kind, &bytes[..bytes.len() - cut]).is_err());
    }
}

#[test]
fn every_extension_is_an_unknown_value() {
    // Unknown as Terraform writes it, and a refined one: extension 12 with a map of refinements.
    let plain: &[u8] = &[0xd4, 0, 0];
    let refined: &[u8] = &[0xc7, 3, 12, 0x81, 0x01, 0xc2];
    for bytes in [plain, refined] {
        assert_eq!(decode_value(&Kind::String, bytes).unwrap(), Value::Unknown);
        let list = [&[0x92], bytes, &[0xa1, b'x']].concat();
        let items = decode_value(&Kind::List(Box::new(Kind::String)), &list).unwrap();
        assert_eq!(items, Value::List(vec![Value::Unknown, "x".into()]));
    }
}

#[test]
fn numbers_are_read_in_all_their_forms() {
    let mut wide = Vec::new();
    encode::write_u64(&mut wide, 5).unwrap();
    let mut float = Vec::new();
    encode::write_f64(&mut float, 5.0).unwrap();
    let mut text = Vec::new();
    encode::write_str(&mut text, "5").unwrap();
    for bytes in [&wide, &float, &text] {
        assert_eq!(decode_value(&Kind::Int, bytes).unwrap(), Value::Int(5));
        assert_eq!(decode_value(&Kind::Float, bytes).unwrap(), Value::Float(5.0));
    }
    let mut tenth = Vec::new();
    encode::write_str(&mut tenth, "0.1").unwrap();
    assert_eq!(decode_value(&Kind::Float, &tenth).unwrap(), Value::Float(0.1));
    assert_eq!(encode_value(&Kind::Float, &Value::Float(0.1)).unwrap(), tenth);
    let refused = decode_value(&Kind::Int, &tenth).unwrap_err();
    assert_eq!(refused.summary, "Not a whole number");
}

#[test]
fn errors_have_the_path_of_the_value() {
    let place = Kind::Object(vec![attribute("port", Kind::Int)]);
    let schema = [attribute("places", Kind::List(Box::new(place.clone())))];
    let with_port = |port: Value| {
        let place = Value::Map([("port".to_owned(), port)].into());
        Object::from([("places".to_owned(), Value::List(vec![place]))])
    };
    let wrong = encode_object(&schema, Some(&with_port("x".into()))).unwrap_err();
    assert_eq!(wrong.path.to_string(), "places[0].port");

    let mut extra = with_port(Value::Int(1));
    extra.insert("surprise".to_owned(), Value::Null);
    let extra = encode_object(&schema, Some(&extra)).unwrap_err();
    assert_eq!(extra.path.to_string(), "surprise");
}

#[test]
fn an_object_always_has_all_attributes() {
    let schema = [attribute("a", Kind::Int), attribute("b", Kind::Int)];
    let one = Object::from([("a".to_owned(), Value::Int(1))]);
    let bytes = encode_object(&schema, Some(&one)).unwrap();
    assert_eq!(bytes, [0x82, 0xa1, b'a', 1, 0xa1, b'b', 0xc0]);
    let read = decode_object(&schema, &[0x81, 0xa1, b'a', 1]).unwrap().unwrap();
    assert_eq!(read.get("b"), Some(&Value::Null));
    assert_eq!(decode_object(&schema, &[0xc0]).unwrap(), None);
}

#[test]
fn blocks_that_are_not_there_are_an_empty_list_and_no_object() {
    let inside = Kind::Object(vec![attribute("size", Kind::Int)]);
    let block = |name: &str, kind| Attribute {
        block: Some(crate::schema::Items { min: 0, max: 0 }),
        ..attribute(name, kind)
    };
    let schema = [block("disks", Kind::Set(Box::new(inside.clone()))), block("timeouts", inside)];
    let bytes = encode_object(&schema, Some(&Object::new())).unwrap();
    let read = decode_object(&schema, &bytes).unwrap().expect("an object");
    assert_eq!(read["disks"], Value::List(Vec::new()));
    assert_eq!(read["timeouts"], Value::Null);
}
